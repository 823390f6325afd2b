/** The address and the network interface that probes leave from. Source: docs/semantics.md item 16. */
import { formatEndpoint } from '../../endpoint.js';
import { parseAddress, Refusal } from '../address.js';
import type { BackendPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { ResolveContext } from './context.js';
import { listed } from '../listed.js';
import type { WrittenCheck } from './written.js';

/**
 * An address that this machine does not have is only warned about: it may come later, as on the standby of a VRRP pair,
 * and the daemon must run there too.
 *
 * @returns the address in its usual form; undefined if none is set, or if it is not an address
 */
export function resolveSource(context: ResolveContext, written: WrittenCheck): string | undefined {
  const { value, path } = written.get('source');
  if (value === undefined) return undefined;
  const parsed = parseAddress(value);
  if (parsed instanceof Refusal) {
    context.problem(path, parsed.message);
    return undefined;
  }
  if (isEnabled(written) && !isLocal(parsed.address, context.machine.addresses)) {
    const has = listed(context.machine.addresses);
    const missing = `this machine does not have the address ${parsed.address} now (it has: ${has})`;
    context.warning(path, `${missing}; until it does, ${withoutSource}`);
  }
  return parsed.address;
}

/** @returns the name, whether or not this machine has the interface now: VPNs, VLANs and bridges come and go */
export function resolveInterface(context: ResolveContext, written: WrittenCheck): string | undefined {
  const { value: name, path } = written.get('interface');
  const { interfaces } = context.machine;
  if (name !== undefined && isEnabled(written) && !interfaces.includes(name)) {
    const missing = `this machine has no network interface ${interfaceName.test(name) ? name : 'of this name'} now (it has: ${listed([...interfaces].sort())})`;
    context.warning(path, `${missing}; until it does, ${withoutSource}`);
  }
  return name;
}

/** `eth0`, `enp3s0`, `bond0.100`, `br-lan`: another text may be a secret in the wrong place. */
const interfaceName = /^[a-z]{2,5}[0-9]{0,3}(s[0-9]{1,2}|[.-][a-z0-9]{1,4})?$/;

/** What becomes of the probes of a listener without its `source` or `interface`. */
const withoutSource = 'the probes of this listener are indeterminate (checker_source_missing), and its backends keep their state';

function isEnabled(written: WrittenCheck): boolean {
  return written.get('enabled').value !== false;
}

/** All of 127.0.0.0/8 belongs to the loopback interface, although only one address of it is listed. */
function isLocal(address: string, addresses: readonly string[]): boolean {
  if (addresses.includes(address)) return true;
  return address.startsWith('127.') && addresses.some((a) => a.startsWith('127.'));
}

/** Refuses a source of another family than a backend: that can never work. */
export function checkSourceAgainstBackends(
  context: ResolveContext,
  written: WrittenCheck,
  source: string,
  backends: readonly { readonly plan: BackendPlan; readonly path: ValuePath }[],
): void {
  const family = source.includes(':') ? 6 : 4;
  const { path } = written.get('source');
  const others = backends.filter((backend) => backend.plan.family !== family);
  const first = others[0];
  if (first !== undefined) {
    const { line } = context.position(first.path);
    const more = others.length === 1 ? '' : ` and ${others.length - 1} more`;
    const name = formatEndpoint(first.plan.address, first.plan.port);
    context.problem(
      path,
      `probes cannot leave from the IPv${family} address ${source} to ${name} (line ${line})${more}; give each family its own listener`,
    );
  }
}

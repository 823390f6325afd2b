/** The address that probes leave from. Source: spec.md item 16. */
import { formatEndpoint, parseAddress, Refusal } from '../address.js';
import type { BackendPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { ResolveContext } from './context.js';
import type { WrittenCheck } from './written.js';

/** @returns the address in its usual form; undefined where none is set, or it cannot be used */
export function resolveSource(context: ResolveContext, written: WrittenCheck): string | undefined {
  const { value, path } = written.get('source');
  if (value === undefined) return undefined;
  const parsed = parseAddress(value);
  if (parsed instanceof Refusal) {
    context.problem(path, parsed.message);
    return undefined;
  }
  if (!isLocal(parsed.address, context.machine.addresses)) {
    const has = context.machine.addresses.length === 0 ? 'none' : context.machine.addresses.slice(0, 10).join(', ');
    context.problem(path, `this machine does not have the address ${parsed.address}; it has: ${has}`);
  }
  return parsed.address;
}

/** All of 127.0.0.0/8 belongs to the loopback interface, although only one address of it is listed. */
function isLocal(address: string, addresses: readonly string[]): boolean {
  if (addresses.includes(address)) return true;
  return address.startsWith('127.') && addresses.some((a) => a.startsWith('127.'));
}

/** A source reaches backends of its own family only, and none that holds the same address. */
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
  const same = backends.find((backend) => backend.plan.address === source);
  if (same !== undefined && !/^127\.|^::1$/.test(source)) {
    context.warning(
      path,
      `${source} is also the address of the backend in line ${context.position(same.path).line}: its answers may never leave it`,
    );
  }
}

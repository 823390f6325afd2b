/**
 * Backends that come over the API beside those of the file. The file wins: a runtime backend that it names too, by id or
 * by address and port, is the file's from then on. What lies outside `server.allowed_networks` is not taken in.
 */
import ipaddr from 'ipaddr.js';
import { formatEndpoint } from '../endpoint.js';
import { isLinkLocal, unbracketedEndpoint } from './address.js';
import { quoted } from './problem.js';
import type { BackendPlan, ListenerSettings, Plan, RuntimeBackend, RuntimeBackends } from './plan.js';

/** What runtime backends add to a plan. */
export interface MergedRuntime {
  /** By listener. */
  readonly added: ReadonlyMap<string, readonly BackendPlan[]>;
  /** Those that are left: without those that the file has taken over, or that are not allowed. */
  readonly left: RuntimeBackends;
  /** What the operator should know, a sentence each. */
  readonly notices: readonly string[];
}

/** @param networks CIDR ranges; see config/resolve/server.ts */
export function isAllowed(address: string, networks: readonly string[]): boolean {
  const parsed = ipaddr.parse(address);
  return parsedNetworks(networks).some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** A change may hold 10,000 backends, and each is compared with all networks: they are read once for each plan. */
const readNetworks = new WeakMap<readonly string[], readonly Network[]>();

function parsedNetworks(networks: readonly string[]): readonly Network[] {
  let parsed = readNetworks.get(networks);
  if (parsed === undefined) readNetworks.set(networks, (parsed = networks.map((network) => ipaddr.parseCIDR(network))));
  return parsed;
}

/** A runtime backend as its listener's plan has it. */
export function runtimePlan({ id, address, port, weight }: RuntimeBackend, { check }: Pick<ListenerSettings, 'check'>): BackendPlan {
  return { id, address, family: address.includes(':') ? 6 : 4, port, checkPort: check.port ?? port, weight };
}

/**
 * What is doubtful about a runtime backend as a request writes it, a sentence each: the same as for one of the file
 * (resolve/backends.ts, resolve/traps.ts).
 *
 * @param written `port` is undefined if the request leaves it to the listener
 */
export function runtimeWarnings(
  written: { readonly address: string; readonly port: number | undefined },
  { check, port: listenerPort }: Pick<ListenerSettings, 'check' | 'port'>,
): string[] {
  const warnings: string[] = [];
  const meant = written.port === undefined ? unbracketedEndpoint(written.address) : undefined;
  if (meant !== undefined) {
    warnings.push(
      `${quoted(written.address)} was taken for an address without a port, and got the listener's port ${listenerPort}; ` +
        `if ${meant.port} is the port, send it as \`port\`, with ${quoted(meant.address)} as \`address\`.`,
    );
  }
  if (needsInterface(written.address.toLowerCase(), check)) {
    warnings.push(`${quoted(written.address)} is a link-local address, ${linkLocalRemedy}.`);
  }
  return warnings;
}

const linkLocalRemedy =
  'which exists on every link: its probes say nothing until check.interface of the listener names the network interface it is reached through';

function needsInterface(address: string, check: ListenerSettings['check']): boolean {
  return check.enabled && check.interface === undefined && isLinkLocal(address);
}

/** Sees which runtime backends a plan takes in. */
export function mergeRuntime({ server, listeners }: Plan, runtime: RuntimeBackends): MergedRuntime {
  const added = new Map<string, BackendPlan[]>();
  const notices: string[] = [];
  const byName = new Map(listeners.map((listener) => [listener.name, listener]));
  const left = runtime.map(({ listener: name, backends }) => {
    const listener = byName.get(name);
    if (listener === undefined) {
      notices.push(`${backends.length} runtime backends of the listener ${name} wait: the configuration has no such listener`);
      return { listener: name, backends };
    }
    const inFile = new Set(listener.backends.flatMap(({ id, address, port }) => [id, formatEndpoint(address, port)]));
    const kept = backends.filter((backend) => {
      const { id, address, port } = backend;
      if (inFile.has(id) || inFile.has(formatEndpoint(address, port))) {
        notices.push(`the runtime backend ${name}/${id} is in the configuration now, and a runtime backend no longer`);
        return false;
      }
      if (isAllowed(address, server.allowedNetworks)) return true;
      notices.push(`the runtime backend ${name}/${id} is gone: ${address} is not in server.allowed_networks any more`);
      return false;
    });
    const local = kept.filter(({ address }) => needsInterface(address, listener.check));
    if (local.length > 0) {
      const more = local.length === 1 ? '' : ` and ${local.length - 1} more`;
      notices.push(`the runtime backend ${name}/${local[0]!.id}${more}: ${local[0]!.address} is a link-local address, ${linkLocalRemedy}`);
    }
    added.set(
      name,
      kept.map((backend) => runtimePlan(backend, listener)),
    );
    return { listener: name, backends: kept };
  });
  return { added, left: left.filter(({ backends }) => backends.length > 0), notices };
}

/** `server` and `checker`: the daemon itself. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Refusal, splitEndpoint } from '../address.js';
import type { ListenAddress, ServerPlan } from '../plan.js';
import { quotedIfHarmless } from '../quoting.js';
import { defaultListen, defaultStateDir } from '../schema.js';
import { resolveAccess } from './access.js';
import type { ResolveContext } from './context.js';

const exampleOf = { listen: defaultListen, metrics_listen: '127.0.0.1:9248' } as const;

export function resolveServer(context: ResolveContext): ServerPlan {
  const { listen, state_dir: stateDir, metrics_listen: metricsListen } = context.raw.server ?? {};
  const main = resolveListen(context, 'listen', listen ?? defaultListen);
  const metrics = metricsListen === undefined ? undefined : resolveListen(context, 'metrics_listen', metricsListen);
  if (metrics !== undefined && metrics.port !== 0 && isSame(main, metrics)) {
    context.problem(['server', 'metrics_listen'], `${metricsListen} is server.listen already; give it another port`);
  }
  return {
    ...(main ?? { host: '', port: 0 }),
    stateDir: stateDir === 'none' ? undefined : (stateDir ?? defaultStateDir),
    allowedNetworks: resolveNetworks(context),
    access: resolveAccess(context, main, metrics),
  };
}

function isSame(one: ListenAddress | undefined, other: ListenAddress): boolean {
  return one?.host === other.host && one.port === other.port;
}

function resolveNetworks(context: ResolveContext): string[] {
  return (context.raw.server?.allowed_networks ?? []).flatMap((network, index) => {
    if (network === undefined) return [];
    if (ipaddr.isValidCIDR(network)) return [network];
    context.problem(
      ['server', 'allowed_networks', index],
      `${quotedIfHarmless(network)} is not a network; expected a CIDR range, for example 10.0.0.0/8`,
    );
    return [];
  });
}

/** @returns undefined where it is refused */
function resolveListen(context: ResolveContext, key: 'listen' | 'metrics_listen', listen: string): ListenAddress | undefined {
  const refuse = (message: string): undefined => {
    context.problem(['server', key], `${message}; expected ADDRESS:PORT or [IPV6]:PORT, for example ${exampleOf[key]}`);
  };
  const endpoint = splitEndpoint(listen);
  if (endpoint instanceof Refusal) return refuse(endpoint.message);
  if (endpoint.port === undefined) return refuse(`${quotedIfHarmless(listen)} has no port`);
  if (endpoint.address !== 'localhost' && isIP(endpoint.address) === 0) {
    return refuse(`${quotedIfHarmless(endpoint.address)} is not an address of this machine to listen on`);
  }
  return { host: endpoint.address, port: endpoint.port };
}

/** The name of this checker: the configured one, or the host's. */
export function resolveChecker(context: ResolveContext): string {
  return context.raw.checker ?? context.machine.hostname;
}

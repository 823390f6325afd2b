/** `server` and `checker`: the daemon itself. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Refusal, splitEndpoint } from '../address.js';
import type { ServerPlan } from '../plan.js';
import { quoted } from '../problem.js';
import { defaultListen, defaultStateDir } from '../schema.js';
import type { ResolveContext } from './context.js';

export function resolveServer(context: ResolveContext): ServerPlan {
  const { listen, state_dir: stateDir } = context.raw.server ?? {};
  return {
    ...resolveListen(context, listen ?? defaultListen),
    stateDir: stateDir === 'none' ? undefined : (stateDir ?? defaultStateDir),
    allowedNetworks: resolveNetworks(context),
  };
}

function resolveNetworks(context: ResolveContext): string[] {
  return (context.raw.server?.allowed_networks ?? []).flatMap((network, index) => {
    if (network === undefined) return [];
    if (ipaddr.isValidCIDR(network)) return [network];
    context.problem(
      ['server', 'allowed_networks', index],
      `${quoted(network)} is not a network; expected a CIDR range, for example 10.0.0.0/8`,
    );
    return [];
  });
}

function resolveListen(context: ResolveContext, listen: string): { host: string; port: number } {
  const refuse = (message: string): { host: string; port: number } => {
    context.problem(['server', 'listen'], `${message}; expected ADDRESS:PORT or [IPV6]:PORT, for example ${defaultListen}`);
    return { host: '', port: 0 };
  };
  const endpoint = splitEndpoint(listen);
  if (endpoint instanceof Refusal) return refuse(endpoint.message);
  if (endpoint.port === undefined) return refuse(`${quoted(listen)} has no port`);
  if (endpoint.address !== 'localhost' && isIP(endpoint.address) === 0) {
    return refuse(`${quoted(endpoint.address)} is not an address of this machine to listen on`);
  }
  return { host: endpoint.address, port: endpoint.port };
}

/** The name of this checker: the configured one, or the host's. */
export function resolveChecker(context: ResolveContext): string {
  return context.raw.checker ?? context.machine.hostname;
}

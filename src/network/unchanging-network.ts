import type { LocalNetwork } from './local-network.js';

/** A network that nothing happens to: for a single probe, which does not outlive a change. */
export const unchangingNetwork: LocalNetwork = {
  generation: 0,
  poll: () => undefined,
  interfaceIndex: () => 0,
  interfaceName: (index) => `number ${String(index)}`,
  missing: () => undefined,
  addressRemovedAt: () => -Infinity,
  wasDownSince: () => false,
  anyWasDownSince: () => false,
  route: () => 'refused',
  nextHop: () => undefined,
  isOwn: () => false,
  close: () => undefined,
};

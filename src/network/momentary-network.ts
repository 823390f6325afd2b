/** The network of this machine for a single probe: it does not outlive a change, and is asked at most once or twice. */
import { loadLibc } from '../probes/raw/native.js';
import { KernelNetwork } from './kernel-network.js';
import type { LocalNetwork } from './local-network.js';
import { unchangingNetwork } from './unchanging-network.js';

/** Opens netlink sockets only for the moment of a question. */
export const momentaryNetwork: LocalNetwork = {
  ...unchangingNetwork,
  nextHop: (family, destination, binding) => ask((network) => network.nextHop(family, destination, binding)),
  isOwn: (key) => ask((network) => network.isOwn(key)) ?? false,
};

function ask<T>(question: (network: KernelNetwork) => T): T | undefined {
  const libc = loadLibc();
  if (libc === undefined) return undefined;
  let network: KernelNetwork | undefined;
  try {
    network = new KernelNetwork(libc, () => performance.now());
    return question(network);
  } catch {
    // A sandbox may forbid netlink sockets.
    return undefined;
  } finally {
    network?.close();
  }
}

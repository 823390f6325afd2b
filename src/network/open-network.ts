import { loadLibc } from '../probes/raw/native.js';
import { KernelNetwork } from './kernel-network.js';
import type { LocalNetwork } from './local-network.js';
import { PlainNetwork } from './plain-network.js';

/**
 * The network of this machine, by the best means that there are.
 *
 * @param now monotonic ms
 */
export function openLocalNetwork(now: () => number): LocalNetwork {
  const libc = loadLibc();
  if (libc === undefined) return new PlainNetwork(now);
  try {
    return new KernelNetwork(libc, now);
  } catch {
    // A sandbox may forbid netlink sockets (systemd: RestrictAddressFamilies without AF_NETLINK).
    return new PlainNetwork(now);
  }
}

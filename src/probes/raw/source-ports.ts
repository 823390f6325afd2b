/**
 * The ports that half-open probes leave from. They must lie outside the range from which the kernel gives ports to
 * ordinary connections: else a probe may use the same pair of addresses and ports as a connection of the load balancer.
 */
import type { PortRange } from './filter.js';

const wanted = 4000;
const highest = 65535;
/** Below this, services listen. */
const lowest = 10_000;

export interface SourcePorts {
  readonly range: PortRange;
  /** Set where no range of this machine is free. */
  readonly warning?: string;
}

/**
 * @param localPortRange the text of /proc/sys/net/ipv4/ip_local_port_range, for example `32768\t60999`
 */
export function chooseSourcePorts(localPortRange: string): SourcePorts {
  const [first = 32768, last = 60999] = localPortRange.trim().split(/\s+/).map(Number);
  if (highest - last >= 500) return { range: { first: last + 1, last: Math.min(last + wanted, highest - 1) } };
  if (first - lowest >= 500) return { range: { first: Math.max(first - wanted, lowest), last: first - 1 } };
  return {
    range: { first: 61_000, last: 64_999 },
    warning: `net.ipv4.ip_local_port_range (${String(first)}-${String(last)}) leaves no ports for half-open probes: set it to 1024-60999, or reserve 61000-64999 with net.ipv4.ip_local_reserved_ports`,
  };
}

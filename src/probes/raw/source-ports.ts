/**
 * The ports that half-open probes leave from. They must lie outside the range from which the kernel gives ports to
 * ordinary connections: else a probe may use the same pair of addresses and ports as a connection of the load balancer.
 */
import { readFileSync } from 'node:fs';
import type { PortRange } from './filter.js';

const wanted = 4000;
const highest = 65535;
/** Below this, services listen. */
const lowest = 10_000;

export interface SourcePorts {
  readonly range: PortRange;
  /** Set where no range of this machine is free, or it is not known whether one is. */
  readonly warning?: string;
}

const rangeFile = '/proc/sys/net/ipv4/ip_local_port_range';
/** The kernel's own default (`net.ipv4.ip_local_port_range`, ip(7)). */
const defaultRange = '32768 60999';

/**
 * The ports for this machine. A sandbox may hide /proc/sys (systemd: ProcSubset=pid; containers) or all of /proc.
 *
 * @param file for tests
 */
export function localSourcePorts(file = rangeFile): SourcePorts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const { range } = chooseSourcePorts(defaultRange);
    return {
      range,
      warning: `cannot read ${file} (${code}): half-open probes leave from ports ${range.first}-${range.last}; if the local port range of this machine reaches above ${range.first - 1}, reserve these ports with net.ipv4.ip_local_reserved_ports`,
    };
  }
  return chooseSourcePorts(text);
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

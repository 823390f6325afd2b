/** What the doctor is asked about. */
import { addressRange, type AddressRange, type Family } from './intervals.js';

export interface DoctorOptions {
  /** Port that the check goes to. */
  readonly port: number;
  /** Address of this machine that the check goes to; default: any that is not loopback. */
  readonly address?: string;
  /** Addresses that the checks come from, as ADDRESS or CIDR. Without them, rules about sources cannot be decided. */
  readonly from?: string;
  /** The port is one of UDP. */
  readonly udp?: boolean;
}

/** The options are wrong: exit code 2. The message is for people. */
export class DoctorUsageError extends Error {
  override readonly name = 'DoctorUsageError';
}

/** The options, understood. */
export interface Question {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly family: Family;
  readonly address: string | undefined;
  readonly from: (AddressRange & { readonly text: string; readonly isOne: boolean }) | undefined;
}

/** @throws DoctorUsageError */
export function questionOf({ port, address, from, udp = false }: DoctorOptions): Question {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new DoctorUsageError(`--port: ${port} is no port; allowed are 1 to 65535`);
  }
  const to = address === undefined ? undefined : addressRange(address);
  if (address !== undefined && (to === undefined || to.first !== to.last)) {
    throw new DoctorUsageError(`--address: ${JSON.stringify(address)} is no IP address; give one such as 10.0.0.1`);
  }
  const range = from === undefined ? undefined : addressRange(from);
  if (from !== undefined && range === undefined) {
    throw new DoctorUsageError(`--from: ${JSON.stringify(from)} is neither an IP address nor a range such as 100.125.0.0/16`);
  }
  if (to !== undefined && range !== undefined && to.family !== range.family) {
    throw new DoctorUsageError('--address and --from: one is IPv4, the other IPv6; a check has both of one kind');
  }
  return {
    port,
    protocol: udp ? 'udp' : 'tcp',
    family: to?.family ?? range?.family ?? 4,
    address,
    from: range === undefined ? undefined : { ...range, text: from!, isOne: range.first === range.last },
  };
}

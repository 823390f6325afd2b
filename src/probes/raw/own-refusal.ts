/**
 * Whether this machine itself keeps TCP connections from leaving: by a rule of its firewall for outgoing packets, or by a
 * route that prohibits the address.
 *
 * The kernel reports that to a raw socket (EPERM, EACCES, EINVAL), but not to one that connects. If the firewall drops the
 * SYN, the backend looks silent; if it rejects it, the kernel takes the RST or the ICMP error for the backend's. So before
 * such an ending counts, one SYN is sent by a raw socket. If it may leave, it is what a half-open probe sends.
 *
 * Needs CAP_NET_RAW and koffi. Without them nothing is known, and the ending counts.
 *
 *   ending ──► SYN refused ──► checker_permission ──► before the next probe: SYN refused ──► checker_permission, at once
 *                                                                            SYN leaves  ──► an ordinary probe
 *
 * So no probe is under way when the rule goes, and none fails because its first packets met the rule.
 */
import { getSystemErrorName } from 'node:util';
import type { Reason } from '../../health/reasons.js';
import { ownErrors, type ErrnoVerdict } from '../own-errors.js';
import type { Target } from '../probe.js';
import { checksumAt, synTemplate, writeChecksum4, writeSyn } from '../tcp/syn-packet.js';
import { AF_INET, AF_INET6, ipv4Number, sockaddr } from './addresses.js';
import type { Binding } from './channel-set.js';
import { loadLibc, RawUnavailable, type Libc } from './native.js';
import { protocol } from './numbers.js';
import { openRawSocket } from './open-socket.js';
import { secret32 } from './secrets.js';
import { bindToDevice } from './sockets.js';
import { localSourcePorts } from './source-ports.js';

const IPPROTO_IPV6 = 41;
const IPV6_CHECKSUM = 7;

/** Endings of stream probes that a rule or route of this machine can bring about. */
const suspicious: ReadonlySet<Reason> = new Set([
  'connect_timeout',
  'tls_timeout',
  'response_timeout',
  'connect_refused',
  'host_unreachable',
  'net_unreachable',
  'admin_prohibited',
]);

/** What the kernel says of a packet that it does not let out. */
const refusals: Readonly<Record<string, ErrnoVerdict>> = {
  EPERM: ownErrors.EPERM,
  EACCES: ownErrors.EACCES,
  EINVAL: ownErrors.EINVAL,
};

/** The refusals that stream probes of one kind have met. */
export class OwnRefusals {
  readonly #refused = new Set<Target>();

  /** @returns how a probe ends that would start now; undefined if nothing is known against it */
  before(target: Target, binding: Binding): ErrnoVerdict | undefined {
    return this.#refused.size > 0 && this.#refused.has(target) ? this.#ask(target, binding) : undefined;
  }

  /**
   * @param reason how a probe of the target would end
   * @returns how it ends if this machine refused to send; undefined if it did not, or that cannot be found out
   */
  behind(target: Target, binding: Binding, reason: Reason): ErrnoVerdict | undefined {
    return suspicious.has(reason) ? this.#ask(target, binding) : undefined;
  }

  /** The target is no longer probed. */
  forget(target: Target): void {
    this.#refused.delete(target);
  }

  #ask(target: Target, binding: Binding): ErrnoVerdict | undefined {
    const refusal = ownRefusal(target, binding);
    if (refusal === undefined) this.#refused.delete(target);
    else this.#refused.add(target);
    return refusal;
  }
}

/** @returns how this machine refuses to send; undefined if it does not, or that cannot be found out */
function ownRefusal(target: Target, binding: Binding): ErrnoVerdict | undefined {
  // An address with a zone needs more than the address to connect a raw socket.
  if (target.address.includes('%')) return undefined;
  const libc = loadLibc();
  const fd = libc && rawSocketOf(libc, target);
  if (libc === undefined || fd === undefined) return undefined;
  try {
    return refusals[sendSyn(libc, fd, target, binding) ?? ''];
  } finally {
    libc.close(fd);
  }
}

function rawSocketOf(libc: Libc, { family }: Target): number | undefined {
  try {
    return openRawSocket(libc, family === 4 ? AF_INET : AF_INET6, protocol.tcp);
  } catch (error) {
    if (error instanceof RawUnavailable) return undefined;
    throw error;
  }
}

/** @returns the name of the error with which the kernel refused; undefined if the packet left, or the socket could not be bound */
function sendSyn(libc: Libc, fd: number, { family, address, port }: Target, binding: Binding): string | undefined {
  if (binding.interface !== undefined && !bindToDevice(libc, fd, binding.interface)) return undefined;
  if (binding.source !== undefined) {
    const source = sockaddr(family, binding.source, 0);
    if (libc.bind(fd, source, source.length) !== 0) return undefined;
  }
  // A connected raw socket receives from this address alone, and for no longer than this function takes.
  const destination = sockaddr(family, address, 0);
  if (libc.connect(fd, destination, destination.length) !== 0) return errorName(libc);
  const packet = synTemplate();
  const [sourcePort, secret] = [randomSourcePort(), secret32()];
  writeSyn(packet, sourcePort, port, secret);
  if (family === 4) writeChecksum4(packet, localAddress4(libc, fd), ipv4Number(address), sourcePort, port, secret);
  else libc.setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, Buffer.from(new Int32Array([checksumAt]).buffer), 4);
  return libc.send(fd, packet, packet.length, 0) < 0 ? errorName(libc) : undefined;
}

function errorName(libc: Libc): string {
  return getSystemErrorName(-libc.errno());
}

function localAddress4(libc: Libc, fd: number): number {
  const name = Buffer.alloc(16);
  libc.getsockname(fd, name, new Uint32Array([name.length]));
  return name.readUInt32BE(4);
}

let ports: { readonly first: number; readonly last: number } | undefined;

/** One that no ordinary connection has. */
function randomSourcePort(): number {
  ports ??= localSourcePorts().range;
  return ports.first + (secret32() % (ports.last - ports.first + 1));
}

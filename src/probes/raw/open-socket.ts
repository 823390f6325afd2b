/** Opens raw sockets, and explains why one could not be opened. */
import { getSystemErrorName } from 'node:util';
import { shortageOf } from '../../errors.js';
import { RawUnavailable, type Libc } from './native.js';

const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/**
 * Opens a raw socket that no program inherits (SOCK_CLOEXEC).
 *
 * @param domain AF_INET or AF_INET6
 * @param protocol IP protocol number
 * @returns its descriptor; it belongs to the caller
 * @throws RawUnavailable
 */
export function openRawSocket(libc: Libc, domain: number, protocol: number): number {
  const fd = libc.socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw openFailure(libc.errno());
  return fd;
}

/** @param errno of the call that failed */
export function openFailure(errno: number): RawUnavailable {
  const name = getSystemErrorName(-errno);
  if (name === 'EPERM' || name === 'EACCES') {
    return new RawUnavailable(
      'raw sockets are not permitted: CAP_NET_RAW is missing; run as root, or grant it (systemd: AmbientCapabilities=CAP_NET_RAW; container: --cap-add=NET_RAW; by hand: setcap cap_net_raw+ep on the node binary)',
    );
  }
  const shortage = shortageOf({ code: name });
  return shortage === undefined
    ? new RawUnavailable(`a raw socket could not be opened: ${name}`)
    : new RawUnavailable(`a raw socket could not be opened: ${shortage}`, 'checker_resources');
}

/**
 * The source address that the kernel will choose for a destination. An IPv4 TCP checksum covers it, and raw sockets
 * leave that checksum to the sender.
 */
import { getSystemErrorName } from 'node:util';
import { AF_INET, sockaddr } from './addresses.js';
import { sendFailure, type SendFailure } from './channel.js';
import { bindToDevice } from './sockets.js';
import type { Libc } from './native.js';

const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const AF_UNSPEC_ADDRESS = Buffer.alloc(16);

/** Asks the kernel by `connect` on a UDP socket, which sends nothing. */
export class SourceAddressFinder {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #device: string | undefined;
  readonly #name = Buffer.alloc(16);
  readonly #length = new Uint32Array([16]);

  /** @throws Error where no socket can be opened */
  constructor(libc: Libc, device: string | undefined) {
    this.#libc = libc;
    this.#device = device;
    this.#fd = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (this.#fd < 0) throw new Error(`no socket for route look-ups (errno ${String(libc.errno())})`);
  }

  /** The address as a number, or why the kernel finds none: no route, or one that prohibits the address. About 2 µs. */
  find(destination: string): number | SendFailure {
    // Dissolve the association first: a connected socket keeps its source address.
    this.#libc.connect(this.#fd, AF_UNSPEC_ADDRESS, 16);
    // And bind again: dissolving it takes the device away too (Linux, __udp_disconnect).
    if (this.#device !== undefined) bindToDevice(this.#libc, this.#fd, this.#device);
    const address = sockaddr(4, destination, 9);
    if (this.#libc.connect(this.#fd, address, address.length) !== 0) return sendFailure(getSystemErrorName(-this.#libc.errno()));
    this.#length[0] = 16;
    if (this.#libc.getsockname(this.#fd, this.#name, this.#length) !== 0) return 'failed';
    return this.#name.readUInt32BE(4);
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}

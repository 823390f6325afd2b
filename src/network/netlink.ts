/** A socket of rtnetlink(7): asks the kernel about the network of this machine, and hears of changes. */
import type { Libc } from '../probes/raw/native.js';
import { readMessages, type NetlinkMessage } from './netlink-messages.js';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** Interfaces and addresses of both families. Not routes: on a router there are thousands of changes a second. */
const groups = 0x1 | 0x10 | 0x100;

const MSG_DONTWAIT = 0x40;
/** More than the kernel puts into one datagram (NLMSG_GOODSIZE is at most 8 KiB, of a dump 32 KiB). */
const datagramBytes = 64 * 1024;
/** ENOBUFS: there were more changes than the socket could hold. */
const ENOBUFS = 105;

export class Netlink {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #datagram = Buffer.alloc(datagramBytes);

  /**
   * @param libc how to call the kernel
   * @param listens whether to hear of changes; a socket that does is not for questions, whose answers they would mix with
   * @throws Error when the kernel gives no socket
   */
  constructor(libc: Libc, listens: boolean) {
    this.#libc = libc;
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (this.#fd < 0) throw new Error(`no netlink socket (errno ${String(libc.errno())})`);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(listens ? groups : 0, 8);
    if (libc.bind(this.#fd, address, address.length) === 0) return;
    const errno = libc.errno();
    this.close();
    throw new Error(`a netlink socket cannot be bound (errno ${String(errno)})`);
  }

  /**
   * The kernel's answer to a request, whole: it is there when the call that sends the request returns.
   *
   * @returns all messages, the last of which may be an `end`
   */
  ask(request: Buffer): NetlinkMessage[] {
    const messages: NetlinkMessage[] = [];
    if (this.#libc.send(this.#fd, request, request.length, 0) < 0) return messages;
    for (let isDump = true; isDump;) {
      const bytes = this.#libc.receive(this.#fd, this.#datagram, datagramBytes, MSG_DONTWAIT);
      if (bytes <= 0) break;
      for (const message of readMessages(this.#datagram.subarray(0, bytes))) {
        messages.push(message);
        if (message.kind === 'end' || message.kind === 'route' || message.kind === 'neighbor') isDump = false;
      }
    }
    return messages;
  }

  /** What has changed since the last call; undefined when some of it was lost, and all is to be asked for anew. */
  changes(): NetlinkMessage[] | undefined {
    let messages: NetlinkMessage[] | undefined;
    for (;;) {
      const bytes = this.#libc.receive(this.#fd, this.#datagram, datagramBytes, MSG_DONTWAIT);
      if (bytes <= 0) return bytes < 0 && this.#libc.errno() === ENOBUFS ? undefined : (messages ?? none);
      (messages ??= []).push(...readMessages(this.#datagram.subarray(0, bytes)));
    }
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}

const none: NetlinkMessage[] = [];

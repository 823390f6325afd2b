/**
 * Cuts off answers that their client does not read. What is not read stays in memory, some 0.5 MB of a long answer at
 * most; and a client that reads a byte now and then would otherwise keep it there for as long as it likes.
 *
 * Progress is what the kernel has taken of an answer. A piece of an answer has 128 KiB at most, so a client that reads
 * 4 KiB a second or more is never cut off. Streams of events have their own rule (view/events/event-reader.ts).
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { limits } from '../http/limits.js';
import { clientAddress } from '../http/client.js';

interface Watched {
  readonly socket: Socket;
  readonly address: string;
  /** Bytes that had left when it was last looked at. */
  sent: number;
  /** Since when nothing has left although there is something to send; monotonic ms. */
  stuckSince: number | undefined;
}

export class StuckAnswers {
  readonly #open = new Map<ServerResponse, Watched>();

  /** @param server its close ends the checks */
  constructor(server: Server) {
    const timer = setInterval(() => this.check(performance.now()), limits.unreadCheckMs).unref();
    server.once('close', () => clearInterval(timer));
  }

  /** Watches an answer from before it begins until it has ended. */
  watch(response: ServerResponse, socket: Socket): void {
    this.#open.set(response, { socket, address: clientAddress(socket), sent: sentBytes(socket), stuckSince: undefined });
    response.once('close', () => this.#open.delete(response));
  }

  /** @param now monotonic ms */
  check(now: number): void {
    const stuck = [...this.#open.values()].filter((watched) => isStuck(watched, now));
    stuck.sort((a, b) => a.stuckSince! - b.stuckSince!);
    for (const watched of tooMany(stuck, now)) watched.socket.destroy();
  }
}

function isStuck(watched: Watched, now: number): boolean {
  const { socket } = watched;
  const sent = sentBytes(socket);
  const isMoving = socket.writableLength === 0 || sent !== watched.sent;
  watched.sent = sent;
  if (isMoving) watched.stuckSince = undefined;
  else watched.stuckSince ??= now;
  return watched.stuckSince !== undefined;
}

/** @param stuck those that stopped first come first */
function tooMany(stuck: readonly Watched[], now: number): Watched[] {
  const { perAddress, inAll } = limits.stuckAnswers;
  const left = new Map<string, number>();
  for (const { address } of stuck) left.set(address, (left.get(address) ?? 0) + 1);
  let total = stuck.length;
  return stuck.filter(({ address, stuckSince }) => {
    const ofAddress = left.get(address)!;
    const isCut = now - stuckSince! >= limits.unreadMs || ofAddress > perAddress || total > inAll;
    if (!isCut) return false;
    left.set(address, ofAddress - 1);
    total--;
    return true;
  });
}

function sentBytes(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}

/**
 * Writes the log to a pipe or a socket without ever waiting for its reader.
 *
 * A reader may stop reading: a log driver of a container that hangs, journald under load, a stopped `less`. A blocking
 * write then keeps a thread of libuv's pool, and with it process.exit(), which joins the thread. Here the event loop
 * waits instead. Lines are kept up to a limit; what comes beyond is dropped, counted, and reported when there is room.
 */
import { constants, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { platform } from 'node:os';

export interface LogPipeOptions {
  readonly fd: number;
  /** Bytes of lines kept while the reader does not read. */
  readonly mostBytes: number;
  /** Called when all lines that were kept are written, if others were dropped. @param lines how many */
  onDropped(lines: number): void;
}

/** Written at once. */
const chunkLength = 64 * 1024;

export class LogPipe {
  readonly #options: LogPipeOptions;
  readonly #socket: Socket;
  #waiting: string[] = [];
  /** Of the lines that wait, and of those that are being written. */
  #bytes = 0;
  #dropped = 0;
  #isBusy = false;
  /** The reader has gone, or the log is closed. */
  #isOver = false;
  readonly #idle: (() => void)[] = [];

  constructor(options: LogPipeOptions) {
    this.#options = options;
    this.#socket = new Socket({ fd: ownDescription(options.fd), readable: false, writable: true });
    // A reader that has gone is no reason to stop: the daemon goes on without a log.
    this.#socket.on('error', () => this.close());
  }

  write(line: string): void {
    if (this.#isOver) return;
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > this.#options.mostBytes) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#bytes += bytes;
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Lines of the same turn are written at once.
    setImmediate(() => this.#next());
  }

  /** Waits until all lines are written, but not longer than the limit. */
  flush(timeoutMs: number): Promise<void> {
    if (!this.#isBusy || this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Forgets what is not written. */
  close(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#socket.destroy();
    this.#becomeIdle();
  }

  #next(): void {
    if (this.#isOver) return;
    if (this.#waiting.length === 0) return this.#drained();
    const chunk = this.#takeChunk();
    const bytes = Buffer.byteLength(chunk);
    this.#socket.write(chunk, (error) => {
      this.#bytes -= bytes;
      if (!error) this.#next();
    });
  }

  #takeChunk(): string {
    let length = 0;
    let lines = 0;
    while (lines < this.#waiting.length && length < chunkLength) length += this.#waiting[lines++]!.length;
    return this.#waiting.splice(0, lines).join('');
  }

  #drained(): void {
    this.#isBusy = false;
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#becomeIdle();
    if (lines > 0) this.#options.onDropped(lines);
  }

  #becomeIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** True for what a {@link LogPipe} can write to. */
export function isPipeOrSocket(fd: number): boolean {
  const stats = statsOf(fd);
  return platform() === 'linux' && stats !== undefined && (stats.isFIFO() || stats.isSocket());
}

/**
 * libuv makes the descriptor non-blocking. That belongs to the open file description, which other processes may share,
 * standard error of this one for example. So a pipe is opened anew (proc_pid_fd(5)) if that is allowed; it is not for
 * sockets, nor for pipes of another user.
 */
function ownDescription(fd: number): number {
  if (statsOf(fd)?.isFIFO() !== true) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}

function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

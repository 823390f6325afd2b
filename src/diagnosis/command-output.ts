/**
 * Standard output of a command. A command whose answer did not get out must not end as if it had: the full disk, the quota
 * and the closed pipe are noticed here.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface CommandOutput {
  write(text: string): void;
  /** Why something could not be written; undefined: everything was. */
  readonly error: NodeJS.ErrnoException | undefined;
  /** Resolves when everything is written, or cannot be. */
  flushed(): Promise<void>;
}

/**
 * @param stream `process.stdout` or `process.stderr`
 * @param onError called once, for the first thing that could not be written
 */
export function commandOutput(stream: Writable & { readonly fd?: number }, onError: () => void = () => undefined): CommandOutput {
  let error: NodeJS.ErrnoException | undefined;
  let pending = 0;
  let onFlushed: (() => void) | undefined;
  const failed = (reason: unknown): void => {
    if (error !== undefined) return;
    error = reason as NodeJS.ErrnoException;
    onError();
  };
  const written = (reason?: Error | null): void => {
    pending--;
    if (reason) failed(reason);
    if (pending === 0) onFlushed?.();
  };
  stream.on('error', failed);
  const file = fileOf(stream.fd);
  return {
    get error() {
      return error;
    },
    write(text) {
      if (error !== undefined) return;
      pending++;
      try {
        if (file === undefined) {
          stream.write(text, written);
          return;
        }
        writeWhole(file, Buffer.from(text));
        written();
      } catch (reason) {
        // Some versions of Node.js throw where a device refuses a write.
        written(reason as Error);
      }
    },
    flushed: () => new Promise((resolve) => (pending === 0 ? resolve() : (onFlushed = resolve))),
  };
}

/** EPIPE: the reader has gone, as `head` does when it has seen enough. That is no fault, and not worth a message. */
export function isClosedPipe(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE';
}

/** For standard error. */
export function outputProblem({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOSPC':
      return 'the output could not be written: no space is left on the device';
    case 'EDQUOT':
      return 'the output could not be written: the disk quota is used up';
    default:
      return `the output could not be written (${code ?? message})`;
  }
}

/** @returns the descriptor of a file; undefined for pipes, sockets, terminals and other devices */
function fileOf(fd: number | undefined): number | undefined {
  if (fd === undefined) return undefined;
  try {
    return fstatSync(fd).isFile() ? fd : undefined;
  } catch {
    return undefined;
  }
}

/** The stream of Node.js does not look at how much was written: on a disk that is nearly full that is less than all. */
function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/**
 * Opens regular files for reading, and nothing else.
 *
 * Opening a FIFO waits for a writer, and opening a device may wait or have an effect. Both are refused before they are
 * opened. O_NONBLOCK covers the moment between the check and the open, in which the path may have been replaced.
 *
 * Descriptors that the process already holds (`/dev/stdin`, or `/dev/fd/63` from a shell's process substitution) are
 * allowed: opening them again does not wait. Reading them may.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../message-of.js';

/** A file that is refused for what it is. The message is a clause that follows "cannot be read: ". */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
}

/** A file of more bytes than the caller takes. */
export class FileTooLarge extends FileRefused {
  /** @param bytes its size, or how much of it was read when that was too much */
  constructor(
    readonly bytes: number,
    mostBytes: number,
  ) {
    super(`it is too large: ${inMiB(bytes)} MiB; at most ${inMiB(mostBytes)} MiB are read`);
  }
}

const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const descriptorPath = /^(\/dev\/(stdin|fd\/\d+)|\/proc\/(self|\d+)\/fd\/\d+)$/;

/** Called before a file is touched, with its path, and after it was read or refused, with undefined. */
export type ReadObserver = (path: string | undefined) => void;

let observer: ReadObserver | undefined;

/** Reports synchronous reads of this thread, so that another thread can tell which file does not answer. */
export function observeReads(observe: ReadObserver): void {
  observer = observe;
}

/**
 * Reads a whole file. Blocks the thread.
 *
 * @throws FileRefused for anything but a regular file, and for one that is too large; Error of the file system
 */
export function readRegularFileSync(path: string, mostBytes: number): Buffer {
  observer?.(path);
  try {
    return readAll(path, mostBytes);
  } finally {
    observer?.(undefined);
  }
}

function readAll(path: string, mostBytes: number): Buffer {
  const isDescriptor = descriptorPath.test(path);
  if (!isDescriptor) refuseOthers(statSync(path));
  const descriptor = isDescriptor ? openSync(path, 'r') : openSync(path, flags);
  try {
    const stats = fstatSync(descriptor);
    if (!isDescriptor) refuseOthers(stats);
    else if (stats.isDirectory()) throw new FileRefused(whatItIs(stats));
    if (stats.size > mostBytes) throw new FileTooLarge(stats.size, mostBytes);
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      // One byte more than the size, so that the end is seen without another chunk.
      const chunk = Buffer.allocUnsafe(Math.max(64 * 1024, Math.min(stats.size, mostBytes) - length + 1));
      const read = readSync(descriptor, chunk);
      if (read === 0) return Buffer.concat(chunks, length);
      chunks.push(chunk.subarray(0, read));
      length += read;
      if (length > mostBytes) throw new FileTooLarge(length, mostBytes);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The same without blocking the thread; it occupies a thread of libuv's pool meanwhile. @throws as {@link readRegularFileSync} */
export async function readRegularFileAsync(path: string, mostBytes: number): Promise<Buffer> {
  refuseOthers(await stat(path));
  const file = await open(path, flags);
  try {
    const stats = await file.stat();
    refuseOthers(stats);
    if (stats.size > mostBytes) throw new FileTooLarge(stats.size, mostBytes);
    return await bounded(file, mostBytes);
  } finally {
    await file.close();
  }
}

/** A file may grow while it is read, and those of /proc have no size. */
async function bounded(file: FileHandle, mostBytes: number): Promise<Buffer> {
  const bytes = await file.readFile();
  if (bytes.length > mostBytes) throw new FileTooLarge(bytes.length, mostBytes);
  return bytes;
}

function refuseOthers(stats: Stats): void {
  if (!stats.isFile()) throw new FileRefused(whatItIs(stats));
}

/** How a folder is refused. */
export const folderRefusal = 'it is a folder';

/** What something is that is not a regular file, as a clause. */
export function whatItIs(stats: Stats): string {
  if (stats.isDirectory()) return folderRefusal;
  const kind = stats.isFIFO() ? 'a FIFO (named pipe)' : stats.isSocket() ? 'a socket' : 'a device';
  return `it is ${kind}, not a regular file`;
}

function inMiB(bytes: number): string {
  const mib = bytes / 1024 / 1024;
  return Number.isInteger(mib) ? String(mib) : mib.toFixed(1);
}

/** Why a file could not be read, as a clause: the code of the file system, or what is wrong with the file. */
export function readProblem(error: unknown): string {
  if (error instanceof FileRefused) return error.message;
  return (error as NodeJS.ErrnoException).code ?? messageOf(error);
}

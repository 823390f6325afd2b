/**
 * Files that survive a crash at any moment, of the process or the machine: whoever reads finds the old one or the new
 * one, whole, and can tell.
 *
 *   {"file":"control.json","version":1,"sha256":"…"}     header: format, and the checksum of all that follows its line
 *   …                                                     body
 *
 * A write goes to a file of its own, which takes the old one's place when all of it is on the disk: write, fsync,
 * rename, fsync of the folder (POSIX promises neither the bytes nor the name after a power cut without the two). What
 * cannot be read, or not understood, is set aside for people to look at, and never stops anything.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../message-of.js';
import { readBounded } from '../files/bounded-read.js';
import { readProblem } from '../files/regular-file.js';

/** A kind of file: its name in the folder, and the version of its body's format. */
export interface FileFormat {
  readonly name: string;
  readonly version: number;
}

/** Readable by the group, for backups. */
const mode = 0o640;
/** Ends the names of files that are being written; one of them is left where a write was cut off. */
const temporarySuffix = '.new';
/** The verdicts of 100,000 backends take 9 MB. */
const largestFileBytes = 1024 * 1024 * 1024;
const readLimitMs = 10_000;
/** Damaged files that are kept of each name, the newest. */
const damagedKept = 3;

/**
 * Puts a new body in place of the old one. It is on the disk when this resolves; the old one stands when it rejects.
 *
 * @param pieces written one by one; the event loop goes on between them
 * @returns size of the file in bytes
 * @throws Error of the file system (ENOSPC, EROFS …)
 */
export async function writeDurably(dir: string, format: FileFormat, pieces: Iterable<Uint8Array | string>): Promise<number> {
  // A name that nobody else writes to, not even a thread of this process that was ended in the middle of a write.
  const temporary = join(dir, `${format.name}.${randomUUID()}${temporarySuffix}`);
  const file = await open(temporary, 'wx', mode);
  let bytes: number;
  try {
    try {
      bytes = await fill(file, format, pieces);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(dir, format.name));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dir);
  return bytes;
}

async function fill(file: FileHandle, format: FileFormat, pieces: Iterable<Uint8Array | string>): Promise<number> {
  const hash = createHash('sha256');
  // The checksum is known last and stands first: its place is kept.
  const placeholder = header(format, '0'.repeat(64));
  await file.writeFile(placeholder);
  let bytes = placeholder.length;
  for (const piece of pieces) {
    const body = typeof piece === 'string' ? Buffer.from(piece) : piece;
    hash.update(body);
    await file.writeFile(body);
    bytes += body.length;
  }
  await file.write(header(format, hash.digest('hex')), 0, placeholder.length, 0);
  return bytes;
}

function header({ name, version }: FileFormat, sha256: string): Buffer {
  return Buffer.from(`${JSON.stringify({ file: name, version, sha256 })}\n`);
}

/** What came of reading: a value, nothing where there is no file, or a sentence about one that was set aside. */
export interface Loaded<T> {
  readonly value?: T;
  readonly problem?: string;
}

/**
 * Reads a file that was written by {@link writeDurably}. Never rejects.
 *
 * @param parse makes a value of the body; throws an Error that says what is wrong with it
 */
export async function loadDurably<T>(dir: string, format: FileFormat, parse: (body: string) => T): Promise<Loaded<T>> {
  const path = join(dir, format.name);
  let bytes: Buffer;
  try {
    bytes = await readBounded(path, { mostBytes: largestFileBytes, limitMs: readLimitMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    return { problem: `${path} cannot be read (${readProblem(error)}) and ${await setAside(dir, format)}` };
  }
  try {
    return { value: parse(bodyOf(bytes, format)) };
  } catch (error) {
    const why = messageOf(error);
    return { problem: `${path} is damaged (${why}) and ${await setAside(dir, format)}` };
  }
}

/** @throws Error that says what is wrong */
function bodyOf(bytes: Buffer, format: FileFormat): string {
  if (bytes.length === 0) throw new Error('it is empty');
  const end = bytes.indexOf('\n');
  const { file, version, sha256 } = headerOf(bytes.toString('utf8', 0, Math.max(end, 0)));
  if (file !== format.name) throw new Error('its first line is not the header of such a file');
  if (version !== format.version) {
    throw new Error(`its format has version ${JSON.stringify(version)}, and this vitald reads version ${format.version}`);
  }
  const body = bytes.subarray(end + 1);
  if (createHash('sha256').update(body).digest('hex') !== sha256) throw new Error('its checksum is wrong');
  return body.toString('utf8');
}

function headerOf(line: string): { readonly file?: unknown; readonly version?: unknown; readonly sha256?: unknown } {
  try {
    return Object(JSON.parse(line)) as object;
  } catch {
    return {};
  }
}

/** Gives a file a name under which nobody looks for it. @returns what became of it, for a sentence */
export async function setAside(dir: string, { name }: FileFormat): Promise<string> {
  const prefix = `${name}.damaged-`;
  const aside = prefix + new Date().toISOString().replaceAll(':', '.');
  try {
    await rename(join(dir, name), join(dir, aside));
    const damaged = (await readdir(dir)).filter((entry) => entry.startsWith(prefix)).sort();
    for (const old of damaged.slice(0, -damagedKept)) await unlink(join(dir, old));
    return `is set aside as ${join(dir, aside)}`;
  } catch (error) {
    return `cannot be set aside (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}

/** Removes what writes that were cut off have left. Only for who writes there alone. */
export async function clearTemporary(dir: string): Promise<void> {
  for (const entry of await readdir(dir)) {
    if (entry.endsWith(temporarySuffix)) await unlink(join(dir, entry)).catch(() => undefined);
  }
}

/** Sees that the disk knows of what was renamed in a folder. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems of networks have no such thing.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/**
 * A part of the audit log on disk: JSON lines in `state_dir/audit.log`, older ones in `audit.log.1`. When a file is full, its
 * lines are added to the older ones, of which a fair share of each caller is kept.
 */
import { constants } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFileAsync, whatItIs } from '../../files/regular-file.js';
import { fairNewest } from './fair-entries.js';

/** Then a new file is begun. */
const largestBytes = 10 * 1024 * 1024;
/** Lines that wait for a disk that hangs; what comes then is left out, and counted. */
const mostWaitingBytes = 4 * 1024 * 1024;
/** What is read back at a start. */
const tailBytes = 512 * 1024;
/** A larger file, which only another program can have made, is not kept. */
const mostReadBytes = 64 * 1024 * 1024;

export interface AuditFileOptions {
  /** The folder; undefined: nothing is written. */
  readonly stateDir: string | undefined;
  /** Why nothing may be written now; undefined: it may. */
  blockedBy?(): string | undefined;
  /** Name of the file; default: `audit.log`. */
  readonly name?: string;
  /** Told of the first failure after a success, and of lines that were left out. */
  onFailure(sentence: string): void;
  /** Default: 10 MiB. */
  readonly largestBytes?: number;
}

export class AuditFile {
  readonly #options: AuditFileOptions;
  readonly #path: string | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #leftOut = 0;
  #failed = false;
  #writing: Promise<void> | undefined;

  constructor(options: AuditFileOptions) {
    this.#options = options;
    this.#path = options.stateDir === undefined ? undefined : join(options.stateDir, options.name ?? 'audit.log');
  }

  /** Takes note of a line; it is written soon. */
  append(line: string): void {
    if (this.#path === undefined) return;
    if (this.#waitingBytes + line.length > mostWaitingBytes) {
      this.#leftOut++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write(this.#path).finally(() => (this.#writing = undefined));
  }

  /** Waits until all that was noted is written, or cannot be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** The last lines, oldest first; what cannot be read is left out. */
  async tail(): Promise<string[]> {
    if (this.#path === undefined) return [];
    try {
      return await lastLines(this.#path);
    } catch {
      return [];
    }
  }

  async #write(path: string): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        const blocked = this.#options.blockedBy?.();
        if (blocked !== undefined) throw new Error(blocked);
        await this.#rotate(path);
        await append(path, `${lines.join('\n')}\n`);
        this.#failed = false;
      } catch (error) {
        if (!this.#failed) this.#options.onFailure(`the audit log ${path} cannot be written: ${String(error)}`);
        this.#failed = true;
      }
    }
    if (this.#leftOut > 0) this.#options.onFailure(`${this.#leftOut} lines are missing in the audit log ${path}: the disk was too slow`);
    this.#leftOut = 0;
  }

  async #rotate(path: string): Promise<void> {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return;
    // A FIFO for example: to open it would wait for a reader.
    if (!stats.isFile()) throw new Error(whatItIs(stats));
    if (stats.size < (this.#options.largestBytes ?? largestBytes)) return;
    await writeOlder(`${path}.1`, await fairLines([`${path}.1`, path], stats.size));
    await rm(path);
  }
}

/** Never waits for the other end, should the path have become a FIFO meanwhile. */
async function append(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o640);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/**
 * Lines of the files, oldest first, up to a number of bytes: where they are too many, those of the callers that have the
 * most are left out. See {@link fairNewest}.
 */
async function fairLines(files: readonly string[], most: number): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => textOf(file)));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  return fairNewest(lines, most, callerOfLine, (line) => Buffer.byteLength(line) + 1);
}

/** @returns nothing for a file that is missing or cannot be read */
async function textOf(file: string): Promise<string> {
  const bytes = await readRegularFileAsync(file, mostReadBytes).catch(() => undefined);
  return bytes?.toString('utf8') ?? '';
}

/** Without parsing the whole line: there are some 50,000. A caller's name has no quotes (callerNamePattern). */
function callerOfLine(line: string): string {
  return /"caller":"([^"]*)"/.exec(line)?.[1] ?? '';
}

/** Never leaves half a file: a crash leaves the old one. */
async function writeOlder(path: string, lines: readonly string[]): Promise<void> {
  const next = `${path}.new`;
  await writeFile(next, lines.map((line) => `${line}\n`).join(''), { mode: 0o640 });
  await rename(next, path);
}

async function lastLines(path: string): Promise<string[]> {
  if (!(await stat(path)).isFile()) return [];
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    // The first may be the end of a line.
    return lines.slice(from === 0 ? 0 : 1).filter((line) => line !== '');
  } finally {
    await file.close();
  }
}

/** Reads the bytes of a configuration file, and refuses what cannot be one before it costs anything. */
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CodedError, shortageOf } from '../../errors.js';

/** Files above this are refused; 100,000 backends take about 7 MiB. */
export const largestFileBytes = 64 * 1024 * 1024;

/** Where in the file, and why it cannot be read. */
export interface Unreadable {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * @returns the text, or why there is none
 * @throws CodedError machine_shortage: that says nothing about the file
 */
export function readConfigFile(file: string): string | Unreadable {
  let bytes: Buffer | string;
  try {
    bytes = readBounded(file);
  } catch (error) {
    const shortage = shortageOf(error);
    if (shortage !== undefined) throw new CodedError('machine_shortage', `${file} cannot be read now: ${shortage}`);
    return atStart(`cannot be read: ${readingError(error)}`);
  }
  return typeof bytes === 'string' ? atStart(bytes) : decodeUtf8(bytes);
}

/** The text of UTF-8 bytes without a byte order mark, or the place of the first byte that is wrong. */
export function decodeUtf8(bytes: Uint8Array): string | Unreadable {
  if (bytes.length > largestFileBytes) return atStart(tooLarge(bytes.length));
  const text = new TextDecoder().decode(bytes);
  if (isUtf8(bytes)) return text;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return atStart('is UTF-16; save it as UTF-8');
  }
  const before = text.slice(0, text.indexOf('\ufffd')).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1, message: 'is not UTF-8 from here on; save the file as UTF-8' };
}

/** A string is the reason for a refusal. Pipes have no size beforehand, so the bound holds while reading as well. */
function readBounded(file: string): Buffer | string {
  const descriptor = openSync(file, 'r');
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) return 'cannot be read: it is a folder; name a file in it';
    if (stat.size > largestFileBytes) return tooLarge(stat.size);
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.max(64 * 1024, Math.min(stat.size, largestFileBytes) - length + 1));
      const read = readSync(descriptor, chunk);
      if (read === 0) return Buffer.concat(chunks, length);
      chunks.push(chunk.subarray(0, read));
      length += read;
      if (length > largestFileBytes) return tooLarge(length);
    }
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(bytes: number): string {
  return `is too large: ${(bytes / 1024 / 1024).toFixed(1)} MiB and more; at most ${largestFileBytes / 1024 / 1024} MiB are read`;
}

function atStart(message: string): Unreadable {
  return { line: 1, column: 1, message };
}

const readingErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied; the user that vitald runs as must be able to read it',
  EPERM: 'permission denied; the user that vitald runs as must be able to read it',
  EISDIR: 'it is a folder; name a file in it',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
};

function readingError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return readingErrors[code ?? ''] ?? message;
}

/** Reads the bytes of a configuration file, and refuses what cannot be one before it costs anything. */
import { isUtf8 } from 'node:buffer';
import { CodedError, shortageOf } from '../../errors.js';
import { FileRefused, FileTooLarge, folderRefusal, readRegularFileSync } from '../../files/regular-file.js';

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
  try {
    return decodeUtf8(readRegularFileSync(file, largestFileBytes));
  } catch (error) {
    const shortage = shortageOf(error);
    if (shortage !== undefined) throw new CodedError('machine_shortage', `${file} cannot be read now: ${shortage}`);
    if (error instanceof FileTooLarge) return atStart(tooLarge(error.bytes));
    return atStart(`cannot be read: ${readingError(error)}`);
  }
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
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
};

function readingError(error: unknown): string {
  if (error instanceof FileRefused) return error.message === folderRefusal ? `${folderRefusal}; name a file in it` : error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return readingErrors[code ?? ''] ?? message;
}

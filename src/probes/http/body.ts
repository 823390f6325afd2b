/**
 * Where the body of a response ends, so that the next response on a kept connection is not taken for a part of this
 * one, or the other way round. Nothing of the body is kept. Source: RFC 9112 §6.3, §7.1.
 */
import type { ResponseParser } from './response-parser.js';

/**
 * - `complete`: the body ended with the last byte given
 * - `more`: it goes on
 * - `unknown`: where it ends cannot be told (until the connection closes, broken framing, bytes after the end):
 *   the connection must not be used again
 */
export type BodyResult = 'complete' | 'more' | 'unknown';

type Framing = 'none' | 'length' | 'chunked' | 'unknown';

/** Longest line that gives a chunk's size, extensions included, or a trailer. */
const maxLineLength = 256;

export class Body {
  #framing: Framing = 'unknown';
  #remaining = 0;
  #line = '';
  #part: 'size' | 'data' | 'data_end' | 'trailer' = 'size';

  /** Takes over after the header of a final response to a request with this method. */
  begin(header: ResponseParser, method: string): void {
    this.#framing = framingOf(header, method);
    this.#remaining = this.#framing === 'length' ? Number(header.contentLength) : 0;
    this.#line = '';
    this.#part = 'size';
  }

  /** Takes `chunk[start, end)`, which may be empty. */
  take(chunk: Uint8Array, start: number, end: number): BodyResult {
    switch (this.#framing) {
      case 'none':
        return start === end ? 'complete' : 'unknown';
      case 'length':
        if (end - start > this.#remaining) return 'unknown';
        this.#remaining -= end - start;
        return this.#remaining === 0 ? 'complete' : 'more';
      case 'chunked':
        return this.#takeChunked(chunk, start, end);
      case 'unknown':
        return 'unknown';
      default:
        return this.#framing satisfies never;
    }
  }

  #takeChunked(chunk: Uint8Array, start: number, end: number): BodyResult {
    for (let i = start; i < end; i++) {
      if (this.#part === 'data') {
        const taken = Math.min(this.#remaining, end - i);
        this.#remaining -= taken;
        if (this.#remaining === 0) this.#part = 'data_end';
        i += taken - 1;
        continue;
      }
      const byte = chunk[i]!;
      if (byte !== 10) {
        this.#line += String.fromCharCode(byte);
        if (this.#line.length > maxLineLength) return 'unknown';
        continue;
      }
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
      this.#line = '';
      const result = this.#endLine(line);
      if (result === 'unknown') return result;
      if (result === 'complete') return i + 1 === end ? 'complete' : 'unknown';
    }
    return 'more';
  }

  #endLine(line: string): BodyResult {
    if (this.#part === 'trailer') {
      if (line !== '') return 'more';
      this.#framing = 'none'; // nothing may follow
      return 'complete';
    }
    if (this.#part === 'data_end') {
      this.#part = 'size';
      return line === '' ? 'more' : 'unknown';
    }
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) return 'unknown';
    this.#remaining = parseInt(size, 16);
    this.#part = this.#remaining === 0 ? 'trailer' : 'data';
    return 'more';
  }
}

function framingOf(header: ResponseParser, method: string): Framing {
  if (header.status === 101) return 'unknown';
  if (method === 'HEAD' || header.status === 204 || header.status === 304) return 'none';
  if (header.transferEncoding !== '') {
    // Both headers at once is how responses are smuggled (RFC 9112 §6.3): such a connection is not trusted again.
    return header.transferEncoding === 'chunked' && header.contentLength === '' ? 'chunked' : 'unknown';
  }
  return /^\d{1,15}$/.test(header.contentLength) ? 'length' : 'unknown';
}

/** Whether the backend lets the connection stay after this response (RFC 9112 §9.3). */
export function keepsAlive(header: ResponseParser): boolean {
  const options = header.connection.split(',').map((option) => option.trim());
  if (options.includes('close')) return false;
  return (header.major === 1 && header.minor >= 1) || options.includes('keep-alive');
}

/** The number of body bytes that a response announces; undefined where it does not say, or not clearly. */
export function announcedLength(header: ResponseParser): number | undefined {
  return /^\d{1,15}$/.test(header.contentLength) ? Number(header.contentLength) : undefined;
}

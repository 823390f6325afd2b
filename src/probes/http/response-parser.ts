/**
 * Reads the header of an HTTP/1.x response, in pieces of any size: a byte at a time gives the same as all at once.
 * Pure, and suspicious: every byte comes from a backend that may lie.
 *
 *   (empty lines) ─► "HTTP/" ─► 1.1 ─► blanks ─► code ─► reason ─►┐
 *                    ┌────────────────────────────────────────────┘
 *                    └► line start ─► name ─► ':' value ─► line start … ─► empty line ─► final
 *
 * Source: RFC 9112 section 4, section 5 (a bare LF ends a line, section 2.2; folded lines, section 5.2) and RFC 9110
 * section 15.2 (interim responses). Beyond these, what nginx, HAProxy and curl accept although the RFCs do not:
 * test/support/http/acceptance.ts has a row for each deviation, and which of the three accepts it.
 */

/** All header bytes of one probe, interim responses included (docs/probes.md: at most 64 KiB a probe). */
export const maxHeaderBytes = 64 * 1024;

/**
 * - `more`: the header is not complete yet
 * - `final`: it is; `status` holds, and the body begins at `bodyStart` of the chunk just given
 * - `malformed`: this is not HTTP/1.x; `problem` says why
 * - `too_large`: more than {@link maxHeaderBytes} without an end
 */
export type ParserResult = 'more' | 'final' | 'malformed' | 'too_large';

/** Where in the header the next byte belongs. Numbers, because the loop goes over every byte. */
const inProtocol = 0;
const inMajor = 1;
const inDot = 2;
const inMinor = 3;
const afterVersion = 4;
const inCode = 5;
const afterCode = 6;
const inReason = 7;
const atFirstLine = 8;
const atLine = 9;
const inName = 10;
const inValue = 11;
const afterCr = 12;
const afterLastCr = 13;
const afterEarlyCr = 14;

const CR = 13;
const LF = 10;
const SP = 32;
const HT = 9;
const DOT = 46;
const COLON = 58;
const DEL = 127;

const protocol = Buffer.from('HTTP/');

/** The headers that say where the body ends and whether the connection stays; all others are skipped. */
const watched = ['content-length', 'transfer-encoding', 'connection'] as const;
const watchedBytes = watched.map((name) => Buffer.from(name));
const allWatched = (1 << watched.length) - 1;
/** Longest value of a watched header that is looked at. */
const maxWatchedValue = 64;

/** Bytes that go on with a name: more than the `tchar` of RFC 9110 section 5.6.2, but no blanks and control characters. */
const isNameByte = new Uint8Array(256);
for (let byte = SP + 1; byte < 256; byte++) isNameByte[byte] = byte === COLON || byte === DEL ? 0 : 1;

/** Bytes that go on with a value. RFC 9110 section 5.5 forbids control characters; load balancers pass them on. */
const isValueByte = new Uint8Array(256).fill(1);
isValueByte[CR] = isValueByte[LF] = 0;

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

export class ResponseParser {
  /** Status code of the response being read; 100 to 999. */
  status = 0;
  /** Version: 1 and 0 for HTTP/1.0. Servers that name another one in a status line speak HTTP/1.x all the same. */
  major = 0;
  minor = 0;
  /** After `final`: where the body begins in the last chunk. */
  bodyStart = 0;
  /** Bytes taken so far; interim responses included, body not. */
  headerBytes = 0;
  /** After `malformed`: what is wrong, without any byte of the backend. */
  problem = '';
  /** Values of the watched headers, joined by ',' where they came more than once; '' where they did not. */
  contentLength = '';
  transferEncoding = '';
  connection = '';

  #state = inProtocol;
  /** How far into the version, the code or a header's name. */
  #index = 0;
  /** One bit for each of {@link watched} that the name may still become; in a value, the one that it is. */
  #candidates = 0;
  #value = '';
  #lineIsStatus = true;

  /** Makes it ready for the next response on the same connection. */
  reset(): void {
    this.headerBytes = 0;
    this.#startResponse();
  }

  /**
   * Takes `chunk[start, end)`. After any result but `more` it must be reset before it is given more.
   */
  push(chunk: Uint8Array, start: number, end: number): ParserResult {
    const room = maxHeaderBytes - this.headerBytes;
    const stop = Math.min(end, start + room);
    for (let i = start; i < stop; i++) {
      // Most bytes are in headers that nobody here asks for: passed over in a tight loop.
      if (this.#candidates === 0) {
        if (this.#state === inValue) i = skip(isValueByte, chunk, i, stop);
        else if (this.#state === inName) i = skip(isNameByte, chunk, i, stop);
        if (i === stop) break;
      }
      const result = this.#take(chunk[i]!);
      if (result === 'more') continue;
      this.headerBytes += i + 1 - start;
      this.bodyStart = i + 1;
      return result;
    }
    this.headerBytes += stop - start;
    return stop < end ? 'too_large' : 'more';
  }

  #take(byte: number): ParserResult {
    switch (this.#state) {
      case inValue:
        return this.#takeValue(byte);
      case inName:
        return this.#takeName(byte);
      case atFirstLine:
      case atLine:
        return this.#takeLineStart(byte);
      case afterCr:
        // Several CR end a header, but not the status line: that is no longer clear.
        if (byte === CR && !this.#lineIsStatus) return 'more';
        return byte === LF ? this.#endLine() : this.#malformed('a CR without LF');
      case afterLastCr:
        return byte === LF ? this.#endHeader() : this.#malformed('a CR without LF');
      case afterEarlyCr:
        this.#state = inProtocol;
        return byte === LF ? 'more' : this.#malformed('not an HTTP/1.x response');
      default:
        return this.#takeStatusLine(byte);
    }
  }

  #takeStatusLine(byte: number): ParserResult {
    switch (this.#state) {
      case inProtocol:
        if (byte !== protocol[this.#index]) return this.#takeEmptyLine(byte);
        if (++this.#index === protocol.length) this.#state = inMajor;
        return 'more';
      case inMajor:
        return this.#takeVersion(isDigit(byte), byte - 48, inDot);
      case inDot:
        return this.#takeVersion(byte === DOT, this.major, inMinor);
      case inMinor:
        this.minor = byte - 48;
        return this.#takeVersion(isDigit(byte), this.major, afterVersion);
      case afterVersion:
        if (byte !== SP && byte !== HT) return this.#malformed('not an HTTP/1.x response');
        this.#index = 0;
        this.#state = inCode;
        return 'more';
      case inCode:
        if (this.#index === 0 && (byte === SP || byte === HT)) return 'more';
        if (!isDigit(byte)) return this.#malformed('no three-digit status code');
        this.status = this.status * 10 + byte - 48;
        if (++this.#index === 3) this.#state = afterCode;
        return 'more';
      case afterCode:
        // IIS has codes with a fraction, such as 403.1.
        if (this.status < 100 || (byte !== SP && byte !== HT && byte !== CR && byte !== LF && byte !== DOT))
          return this.#malformed('no three-digit status code');
        this.#state = inReason;
        return this.#takeReason(byte);
      default:
        return this.#takeReason(byte);
    }
  }

  #takeVersion(isRight: boolean, major: number, next: number): ParserResult {
    this.major = major;
    this.#state = next;
    return isRight ? 'more' : this.#malformed('not an HTTP/1.x response');
  }

  /** RFC 9112 section 2.2 has servers ignore empty lines before a request; HAProxy ignores them before a response too. */
  #takeEmptyLine(byte: number): ParserResult {
    if (this.#index !== 0 || (byte !== CR && byte !== LF)) return this.#malformed('not an HTTP/1.x response');
    if (byte === CR) this.#state = afterEarlyCr;
    return 'more';
  }

  #takeReason(byte: number): ParserResult {
    if (byte === LF) return this.#endLine();
    if (byte === CR) this.#state = afterCr;
    return 'more';
  }

  #takeLineStart(byte: number): ParserResult {
    if (byte === LF) return this.#endHeader();
    if (byte === CR) {
      this.#state = afterLastCr;
      return 'more';
    }
    if (byte === SP || byte === HT) {
      if (this.#state === atFirstLine) return this.#malformed('a folded line without a header before it');
      // A continuation of the last value. Watched values are never folded in earnest: made unreadable on purpose.
      this.#state = inValue;
      this.#value += ' ';
      return 'more';
    }
    this.#keepValue();
    this.#state = inName;
    this.#index = 0;
    this.#candidates = allWatched;
    return this.#takeName(byte);
  }

  #takeName(byte: number): ParserResult {
    if (byte === COLON) {
      if (this.#index === 0) return this.#malformed('a header without a name');
      this.#candidates = this.#candidates === 0 ? 0 : this.#completeCandidate();
      this.#value = '';
      this.#state = inValue;
      return 'more';
    }
    if (isNameByte[byte] !== 1) return this.#malformed('a header line that is not “name: value”');
    if (this.#candidates !== 0) {
      const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
      for (let k = 0; k < watchedBytes.length; k++) {
        if (watchedBytes[k]![this.#index] !== lower) this.#candidates &= ~(1 << k);
      }
    }
    this.#index++;
    return 'more';
  }

  #completeCandidate(): number {
    for (let k = 0; k < watched.length; k++) {
      if ((this.#candidates & (1 << k)) !== 0 && watchedBytes[k]!.length === this.#index) return 1 << k;
    }
    return 0;
  }

  #takeValue(byte: number): ParserResult {
    if (byte === LF) return this.#endLine();
    if (byte === CR) {
      this.#state = afterCr;
      return 'more';
    }
    if (this.#candidates !== 0 && this.#value.length <= maxWatchedValue) this.#value += String.fromCharCode(byte);
    return 'more';
  }

  /** The last header line is complete: no further line continues it. */
  #keepValue(): void {
    if (this.#candidates === 0) return;
    // An empty value is kept as one that nobody can take for a valid one.
    const value = this.#value.trim().toLowerCase() || '-';
    if ((this.#candidates & 1) !== 0) this.contentLength = join(this.contentLength, value);
    else if ((this.#candidates & 2) !== 0) this.transferEncoding = join(this.transferEncoding, value);
    else this.connection = join(this.connection, value);
    this.#candidates = 0;
    this.#value = '';
  }

  #endLine(): ParserResult {
    this.#state = this.#lineIsStatus ? atFirstLine : atLine;
    this.#lineIsStatus = false;
    return 'more';
  }

  #endHeader(): ParserResult {
    this.#keepValue();
    // 101 is final: the connection has changed to another protocol (RFC 9110 §15.2.2).
    if (this.status >= 200 || this.status === 101) return 'final';
    this.#startResponse();
    return 'more';
  }

  #malformed(problem: string): ParserResult {
    this.problem = problem;
    return 'malformed';
  }

  #startResponse(): void {
    this.status = 0;
    this.#state = inProtocol;
    this.#index = 0;
    this.#candidates = 0;
    this.#lineIsStatus = true;
    this.#value = '';
    this.contentLength = '';
    this.transferEncoding = '';
    this.connection = '';
  }
}

/** A header that came twice must not be read as the first or the last of the two: both are kept (RFC 9110 §5.3). */
function join(before: string, value: string): string {
  const both = before === '' ? value : `${before},${value}`;
  return both.slice(0, 2 * maxWatchedValue);
}

/** The place of the first byte from `at` on that is not in the set; `stop` where all are. */
function skip(set: Uint8Array, chunk: Uint8Array, at: number, stop: number): number {
  while (at < stop && set[chunk[at]!] === 1) at++;
  return at;
}

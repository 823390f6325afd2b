/** Responses of backends that lie: src/probes/http/response-parser.ts and body.ts. */
import fc, { type Arbitrary } from 'fast-check';
import { Body, type BodyResult } from '#vitald/probes/http/body.js';
import { maxHeaderBytes, ResponseParser, type ParserResult } from '#vitald/probes/http/response-parser.js';
import { attack, must, type Attack } from './attack.js';
import { anyBytes, damagedSamples, latin1, parts, piecesOf, sizes } from './bytes.js';

/** All that a probe uses of a response, header and body. */
interface Reading {
  readonly result: ParserResult;
  readonly body: BodyResult | undefined;
  readonly status: number;
  readonly minor: number;
  readonly headerBytes: number;
  readonly problem: string;
  readonly framing: string;
}

const results: readonly ParserResult[] = ['more', 'final', 'malformed', 'too_large'];

function read(input: Buffer, cuts: readonly number[], method = 'GET'): Reading {
  const parser = new ResponseParser();
  let result: ParserResult = 'more';
  let body: BodyResult | undefined;
  const reader = new Body();
  for (const [chunk, start, end] of parts(input, cuts)) {
    let from = start;
    if (result === 'more') {
      result = parser.push(chunk, start, end);
      if (result !== 'final') continue;
      from = parser.bodyStart;
      must(from > start && from <= end, () => `the body begins at ${from}, outside of the chunk from ${start} to ${end}`);
      reader.begin(parser, method);
    }
    if (result !== 'final') break;
    // A probe gives up on the connection with the first `unknown`.
    if (body !== 'unknown') body = reader.take(chunk, from, end);
  }
  const { status, minor, headerBytes, problem, contentLength, transferEncoding, connection } = parser;
  return { result, body, status, minor, headerBytes, problem, framing: [contentLength, transferEncoding, connection].join('|') };
}

/** Text of a reading: two of them are compared by it. */
function summary(reading: Reading): string {
  // Where the header has not ended, its fields are half read, and mean nothing.
  return JSON.stringify(reading.result === 'final' ? reading : { ...reading, status: 0, minor: 0, framing: '' });
}

function mustBeSane(input: Buffer, { result, status, headerBytes, problem, framing }: Reading): void {
  must(results.includes(result), `the result is ${result}`);
  must(headerBytes <= Math.min(input.length, maxHeaderBytes), `${headerBytes} header bytes of ${input.length}`);
  if (result === 'final') must(status >= 100 && status <= 999 && (status >= 200 || status === 101), `the final status is ${status}`);
  must((result === 'malformed') === (problem !== ''), `${result} with the problem ${JSON.stringify(problem)}`);
  must(problem.length <= 200 && !/[\0-\x1f\x7f]/.test(problem), 'the problem is not a short line of text');
  must(framing.length <= 1000, `${framing.length} characters are kept of headers`);
}

/** Every split in two for short inputs. */
const everySplitUpTo = 90;

function checkSplits({ bytes, cuts }: { readonly bytes: Buffer; readonly cuts: readonly number[] }): void {
  const whole = read(bytes, [Math.max(bytes.length, 1)]);
  mustBeSane(bytes, whole);
  const expected = summary(whole);
  const compare = (sizes: readonly number[]): void => {
    const got = summary(read(bytes, sizes));
    must(got === expected, () => `cut at ${sizes.join()}: ${got}; in one piece: ${expected}`);
  };
  compare([1]);
  compare(cuts);
  if (bytes.length > everySplitUpTo) return;
  for (let at = 1; at < bytes.length; at++) compare([at, bytes.length]);
}

/** Also what the world sends and no standard allows: `HTTP/1.1  200`, an empty line before the status line. */
const grammar = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 503\n',
  'HTTP/1.1  204 \r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
  'HTTP/1.',
  'HTTP/2.0 200\r\n',
  'ICY 200 OK\r\n',
  'Content-Length: 5\r\n',
  'content-length:5\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: -1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: keep-alive\r\n',
  'Connection: close\r\n',
  'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n',
  ' folded\r\n',
  '\tfolded\n',
  ': no name\r\n',
  'no colon\r\n',
  'X: \0\x01\x7f\r\n',
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  'hello',
  '5\r\nhello\r\n',
  '5;a=b\r\nhello\r\n',
  'FFFFFFFF\r\n',
  '0\r\n\r\n',
  '0\r\nTrailer: x\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01',
  'SSH-2.0-OpenSSH_9.2\r\n',
];

const samples = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, Close\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.0 503\nTRANSFER-ENCODING:\tchunked\n\nx',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\nContent-Length: 1\r\n 2\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n',
].map(latin1);

/** Bodies in chunks, by lines with and without CR. */
const chunks = [
  '5\r\nhello\r\n',
  '5\nhello\n',
  '1;x=y\r\na\r\n',
  'A\r\n0123456789',
  '\r\n',
  '\n',
  '0\r\n\r\n',
  '0\n\n',
  '0\r\nX: y\r\n\r\n',
  '00',
  'x',
];

const chunkedBody = piecesOf(chunks, 8).map((body) =>
  Buffer.concat([latin1('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), body]),
);

export const responseBytes: Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: chunkedBody },
  { weight: 5, arbitrary: piecesOf(grammar, 10) },
  { weight: 4, arbitrary: damagedSamples(samples) },
  { weight: 1, arbitrary: anyBytes(60) },
);

const httpSplits = attack({
  name: 'http-splits',
  holds: 'an HTTP response, random or damaged, is read alike in whatever pieces it arrives',
  runs: { suite: 4000, long: 700_000 },
  inputs: fc.record({ bytes: responseBytes, cuts: sizes }),
  show: ({ bytes, cuts }) => `${JSON.stringify(bytes.toString('latin1'))} in parts of ${cuts.join()}`,
  begin: () => ({ check: checkSplits }),
});

interface Built {
  readonly interim: number;
  readonly minor: number;
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly framing: 'length' | 'chunked' | 'close';
}

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/).map((name) => `X-${name}`);
const fieldValue = fc.stringMatching(/^[!-~][ -~]{0,30}$/);

const built: Arbitrary<Built> = fc.record({
  interim: fc.integer({ min: 0, max: 3 }),
  minor: fc.constantFrom(0, 1),
  status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
  reason: fc.stringMatching(/^[ -~]{0,20}$/),
  headers: fc.array(fc.tuple(token, fieldValue), { maxLength: 6 }),
  body: fc.stringMatching(/^[ -~]{1,40}$/),
  framing: fc.constantFrom('length', 'chunked', 'close'),
});

function responseOf({ interim, minor, status, reason, headers, body, framing }: Built): string {
  const framed = {
    length: [`Content-Length: ${body.length}\r\n`, body],
    chunked: ['Transfer-Encoding: chunked\r\n', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    close: ['', body],
  }[framing];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'.repeat(interim)}HTTP/1.${minor} ${status} ${reason}\r\n${lines}${framed[0]}\r\n${framed[1]}`;
}

function checkBuilt({ response, cuts }: { readonly response: Built; readonly cuts: readonly number[] }): void {
  const bytes = latin1(responseOf(response));
  const { result, status, minor, body, headerBytes } = read(bytes, cuts);
  const bodyBytes = bytes.length - headerBytes;
  must(result === 'final' && status === response.status && minor === response.minor, `${result} ${status} HTTP/1.${minor}`);
  must(body === (response.framing === 'close' ? 'unknown' : 'complete'), `the body is ${body}`);
  if (response.framing !== 'chunked') must(bodyBytes === response.body.length, `${bodyBytes} bytes of body`);
}

const httpBuilt = attack({
  name: 'http-built',
  holds: 'an HTTP response that is well made is read as it was made',
  runs: { suite: 1000, long: 50_000 },
  inputs: fc.record({ response: built, cuts: sizes }),
  begin: () => ({ check: checkBuilt }),
});

/** Answers that never end, by the piece that is sent again and again. */
const endless = fc.record({
  start: fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HTTP/1.1 200 OK\r\nX: '),
  piece: fc.oneof(
    fc.constantFrom('a', ' ', '\r', '\n', '\0', ',', 'X: y\r\n', ' x\r\n', 'Connection: close\r\n', 'Content-Length: 1\r\n'),
    fc.constantFrom('HTTP/1.1 100 Continue\r\n\r\n', '1\r\nx\r\n', '1;', '0', 'Transfer-Encoding: x\r\n', 'Connection: ,,,,,,,,,\r\n'),
    fc.stringMatching(/^[ -~\r\n]{1,20}$/),
  ),
  chunk: fc.constantFrom(1, 7, 1460, 65_536),
});

const endlessBytes = 1024 * 1024;
/** Hundreds of times what it takes, and a hundredth of what anything quadratic would. */
const mostCpuMs = 2000;

function checkEndless({ start, piece, chunk }: { readonly start: string; readonly piece: string; readonly chunk: number }): void {
  const bytes = latin1(start + piece.repeat(Math.ceil(endlessBytes / piece.length)));
  const before = process.cpuUsage();
  const reading = read(bytes, [chunk]);
  const { user, system } = process.cpuUsage(before);
  mustBeSane(bytes, reading);
  must(reading.result !== 'more', 'the header of 1 MiB has neither an end nor a fault');
  must((user + system) / 1000 < mostCpuMs, `${(user + system) / 1000} ms of processor time for ${bytes.length} bytes`);
}

const httpEndless = attack({
  name: 'http-endless',
  holds: 'an HTTP response that never ends is given up within 64 KiB of header, and costs time in proportion to its length',
  runs: { suite: 40, long: 2000 },
  inputs: endless,
  begin: () => ({ check: checkEndless }),
});

export const httpAttacks: readonly Attack[] = [httpSplits, httpBuilt, httpEndless];

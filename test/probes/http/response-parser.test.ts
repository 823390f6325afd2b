import t from 'tap';
import { keepsAlive } from '#vitald/probes/http/body.js';
import { maxHeaderBytes, ResponseParser, type ParserResult } from '#vitald/probes/http/response-parser.js';

interface Parsed {
  result: ParserResult;
  status: number;
  /** Bytes of the input that belong to headers. */
  headerBytes: number;
  problem: string;
  framing: string;
}

/** Feeds the input in pieces of these sizes, the last one again and again. */
function parse(input: Buffer, sizes: readonly number[] = [input.length]): Parsed {
  const parser = new ResponseParser();
  let result: ParserResult = 'more';
  for (let at = 0, piece = 0; at < input.length && result === 'more'; piece++) {
    const end = Math.min(input.length, at + (sizes[piece] ?? sizes.at(-1)!));
    result = parser.push(input, at, end);
    at = end;
  }
  const { status, headerBytes, problem, contentLength, transferEncoding, connection } = parser;
  return { result, status, headerBytes, problem, framing: [contentLength, transferEncoding, connection].join('|') };
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');

const samples = [
  'HTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, Close\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.0 503\nTRANSFER-ENCODING:\tchunked\n\nx',
  'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\nContent-Length: 1\r\n 2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Lengthy: 2\r\nContent: 3\r\nContent-Length:\r\n\r\n',
  'HTTP/1.1 200 OK\rX\r\n\r\n',
  'HTTP/1.1 200 OK\r\n X: a\r\n\r\n',
  'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n',
  'HTTP/1.1 200 OK\r\n: x\r\n\r\n',
  'HTTP/1.1 20\r\n\r\n',
  'HTTP/1.1 099 X\r\n\r\n',
  'HTTP/1.1 2000 X\r\n\r\n',
  'HTTP/1.x 200 X\r\n\r\n',
  'HTTP/1.12 200 X\r\n\r\n',
  'HTTP/2 200 X\r\n\r\n',
  '\rHTTP/1.1 200 X\r\n\r\n',
  '\r\rHTTP/1.1 200 X\r\n\r\n',
  ' HTTP/1.1 200 X\r\n\r\n',
  'ICY 200 OK\r\n\r\n',
];

t.test('the end of the header is found, and the headers that say where the body ends are read', async (t) => {
  t.match(parse(text(samples[1]!)), { result: 'final', status: 200, framing: '5||keep-alive, close', headerBytes: samples[1]!.length - 5 });
  t.match(parse(text(samples[2]!)), { result: 'final', status: 503, framing: '|chunked|', headerBytes: samples[2]!.length - 1 });
  t.match(parse(text(samples[3]!)), { result: 'final', status: 200, framing: '1 2||' }, 'a folded length is no number');
  t.match(parse(text(samples[4]!)), { result: 'final', status: 200, framing: '1,-||' }, 'two lengths are no number');
});

t.test('what is not HTTP/1.x is malformed, with a problem in words', async (t) => {
  for (const sample of samples.slice(5)) {
    const parsed = parse(text(sample));
    t.equal(parsed.result, 'malformed', JSON.stringify(sample));
    t.not(parsed.problem, '');
  }
});

t.test('a NUL is malformed, but for one in the reason phrase or in the value of a header', async (t) => {
  const sample = 'HTTP/1.1 200 OK\r\nServer: x\r\n\r\n';
  const inReason = [sample.indexOf('OK'), sample.indexOf('OK') + 2];
  const inValue = [sample.indexOf(' x'), sample.indexOf(' x') + 2];
  for (let at = 0; at < sample.length; at++) {
    const isTaken = [inReason, inValue].some(([first, last]) => at >= first! && at <= last!);
    t.equal(parse(text(`${sample.slice(0, at)}\0${sample.slice(at)}`)).result, isTaken ? 'final' : 'malformed', `NUL at ${at}`);
  }
});

t.test('only HTTP/1.1 and later minor versions keep a connection by themselves', async (t) => {
  const parser = new ResponseParser();
  for (const [version, keeps] of [
    ['HTTP/1.0', false],
    ['HTTP/1.1', true],
    ['HTTP/0.9', false],
    ['HTTP/2.0', false],
    ['HTTP/2.1', false],
  ] as const) {
    parser.reset();
    const input = text(`${version} 200 OK\r\n\r\n`);
    t.equal(parser.push(input, 0, input.length), 'final');
    t.equal(keepsAlive(parser), keeps, version);
  }
});

t.test('empty lines before the status line count as header', async (t) => {
  t.match(parse(text('\r\n\n\r\nHTTP/1.1 204 X\r\n\r\n')), { result: 'final', status: 204, headerBytes: 23 });
  t.equal(parse(text('\r\n'.repeat(maxHeaderBytes)), [1000]).result, 'too_large');
});

t.test('a byte at a time gives the same as all at once', async (t) => {
  for (const sample of samples) t.same(parse(text(sample), [1]), parse(text(sample)), JSON.stringify(sample));
});

t.test('so does every other way to cut it, for a thousand damaged responses', async (t) => {
  // A fixed sequence (xorshift32): what fails once fails again.
  let seed = 0x2545f491;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const favourites = [0, 9, 10, 13, 32, 48, 58, 65, 255];
  let wrong = 0;
  for (let round = 0; round < 1000; round++) {
    const input = text(samples[random(5)]! + samples[random(samples.length)]!);
    for (let damages = random(4); damages > 0; damages--) input[random(input.length)] = favourites[random(favourites.length)]!;
    const sizes = Array.from({ length: 20 }, () => 1 + random(12));
    const whole = JSON.stringify(parse(input));
    if (JSON.stringify(parse(input, sizes)) !== whole || JSON.stringify(parse(input, [1])) !== whole) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('64 KiB of header is the limit, interim responses included', async (t) => {
  const header = (bytes: number): Buffer => text(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(bytes - 24)}\r\n\r\n`);
  t.equal(header(100).length, 100);
  for (const sizes of [undefined, [1], [4096]]) {
    t.equal(parse(header(maxHeaderBytes), sizes).result, 'final');
    t.equal(parse(header(maxHeaderBytes + 1), sizes).result, 'too_large');
    t.equal(parse(text('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3000)), sizes).result, 'too_large');
  }
});

t.test('a parser that was reset reads the next response like a new one', async (t) => {
  const parser = new ResponseParser();
  for (const sample of samples) {
    parser.reset();
    const input = text(sample);
    t.equal(parser.push(input, 0, input.length), parse(input).result);
    t.equal(parser.status, parse(input).status);
  }
});

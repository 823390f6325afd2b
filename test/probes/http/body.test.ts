import t from 'tap';
import { Body, keepsAlive, type BodyResult } from '#vitald/probes/http/body.js';
import { ResponseParser } from '#vitald/probes/http/response-parser.js';

function header(lines: string, status = 200): ResponseParser {
  const parser = new ResponseParser();
  const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\n${lines}\r\n`);
  t.equal(parser.push(bytes, 0, bytes.length), 'final');
  return parser;
}

function read(lines: string, text: string, pieceLength: number, method = 'GET', status = 200): BodyResult {
  const body = new Body();
  body.begin(header(lines, status), method);
  const bytes = Buffer.from(text);
  let result = body.take(bytes, 0, 0);
  for (let at = 0; at < bytes.length && result !== 'unknown'; at += pieceLength) {
    result = body.take(bytes, at, Math.min(bytes.length, at + pieceLength));
  }
  return result;
}

const cases: { what: string; lines: string; text: string; result: BodyResult; method?: string; status?: number }[] = [
  { what: 'a length that is met', lines: 'Content-Length: 3\r\n', text: 'abc', result: 'complete' },
  { what: 'a length that is not met yet', lines: 'Content-Length: 4\r\n', text: 'abc', result: 'more' },
  { what: 'bytes after the length', lines: 'Content-Length: 2\r\n', text: 'abc', result: 'unknown' },
  { what: 'a length of 0', lines: 'Content-Length: 0\r\n', text: '', result: 'complete' },
  { what: 'no length: until the connection closes', lines: '', text: 'abc', result: 'unknown' },
  {
    what: 'HEAD, which has no body whatever the length says',
    lines: 'Content-Length: 9\r\n',
    text: '',
    result: 'complete',
    method: 'HEAD',
  },
  { what: 'a body in answer to HEAD', lines: 'Content-Length: 3\r\n', text: 'abc', result: 'unknown', method: 'HEAD' },
  { what: '304', lines: 'Content-Length: 9\r\n', text: '', result: 'complete', status: 304 },
  { what: 'a negative length', lines: 'Content-Length: -1\r\n', text: '', result: 'unknown' },
  { what: 'a length with a sign', lines: 'Content-Length: +1\r\n', text: 'a', result: 'unknown' },
  { what: 'a length of 30 digits', lines: `Content-Length: ${'9'.repeat(30)}\r\n`, text: '', result: 'unknown' },
  { what: 'chunks', lines: 'Transfer-Encoding: chunked\r\n', text: '3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n', result: 'complete' },
  { what: 'chunks with a trailer', lines: 'Transfer-Encoding: chunked\r\n', text: '1\r\na\r\n0\r\nX: y\r\n\r\n', result: 'complete' },
  { what: 'chunks without the last line', lines: 'Transfer-Encoding: chunked\r\n', text: '1\r\na\r\n0\r\n', result: 'more' },
  { what: 'bytes after the last chunk', lines: 'Transfer-Encoding: chunked\r\n', text: '0\r\n\r\nX', result: 'unknown' },
  { what: 'a chunk longer than its size', lines: 'Transfer-Encoding: chunked\r\n', text: '1\r\nab\r\n0\r\n\r\n', result: 'unknown' },
  { what: 'a chunk size that is no number', lines: 'Transfer-Encoding: chunked\r\n', text: '-1\r\n', result: 'unknown' },
  { what: 'an endless chunk-size line', lines: 'Transfer-Encoding: chunked\r\n', text: '1'.repeat(1000), result: 'unknown' },
  { what: 'another transfer coding', lines: 'Transfer-Encoding: gzip, chunked\r\n', text: '0\r\n\r\n', result: 'unknown' },
];

for (const { what, lines, text, result, method, status } of cases) {
  t.test(`${what}: ${result}`, async (t) => {
    t.equal(read(lines, text, text.length || 1, method, status), result, 'all at once');
    t.equal(read(lines, text, 1, method, status), result, 'a byte at a time');
  });
}

t.test('the connection stays unless one side says otherwise', async (t) => {
  t.equal(keepsAlive(header('')), true);
  t.equal(keepsAlive(header('Connection: foo, Close\r\n')), false);
  t.equal(keepsAlive(header('Connection: closed\r\n')), true, 'only the whole word');
});

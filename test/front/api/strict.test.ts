/** Requests that two programs could read differently are refused, on real sockets; what HTTP allows is answered. */
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { doubledKey } from '#vitald/front/api/doubled-key.js';
import { openEntrances } from '../../support/entrances.js';
import { RawClient } from '../../support/raw-client.js';
import { testToken } from '../../support/tokens.js';

const override = '/v1/listeners/web/backends/app-1/override';

/** Sends one request and waits for its answer. @param head lines without their ends, with the request line first */
async function answerTo(t: Test, url: string, head: readonly string[], body = ''): Promise<{ status: number | undefined; text: string }> {
  const client = new RawClient(t, url).send(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  const text = await client.closed();
  return { status: client.statuses[0], text };
}

function put(body: string, ...headers: readonly string[]): [string[], string] {
  return [
    [
      `PUT ${override} HTTP/1.1`,
      'Host: x',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
      ...headers,
    ],
    body,
  ];
}

const good = '{"mode":"maintenance","reason":"x"}';

t.test('requests that are refused', async (t) => {
  const token = testToken('admin');
  const { url } = await openEntrances(t, { tokens: [token.plan] });
  const auth = `Authorization: Bearer ${token.token}`;
  const get = (target: string, ...headers: readonly string[]): string[] => [`GET ${target} HTTP/1.1`, 'Host: x', auth, ...headers];
  const gzip = gzipSync(good).toString('latin1');
  const chunked = ['Transfer-Encoding: chunked', 'Content-Type: application/json'];
  const cases: [what: string, status: number, said: RegExp | string, head: readonly string[], body?: string][] = [
    ['a body in gzip', 415, /Content-Encoding/, ...put(gzip, auth, 'Content-Encoding: gzip')],
    ['a body in deflate', 415, /Content-Encoding/, ...put(good, auth, 'Content-Encoding: deflate')],
    ['two codings', 415, /Content-Encoding/, ...put(good, auth, 'Content-Encoding: identity, gzip')],
    [
      'another charset',
      415,
      /UTF-8/,
      [`PUT ${override} HTTP/1.1`, 'Host: x', auth, 'Content-Type: application/json; charset=utf-16', 'Content-Length: 2'],
      '{}',
    ],
    ['bytes that are not UTF-8', 400, /not UTF-8/, ...put('{"mode":"maintenance","reason":"\xff"}', auth)],
    ['a doubled key', 400, /the key .*mode.* twice/, ...put('{"mode":"maintenance","reason":"x","mode":"forced_healthy"}', auth)],
    [
      'a doubled key by an escape',
      400,
      /the key .*mode.* twice/,
      ...put('{"mode":"maintenance","reason":"x","m\\u006fde":"forced_healthy"}', auth),
    ],
    ['two Host headers', 400, /host may be given only once/, get('/v1/status', 'Host: y')],
    ['two equal Host headers', 400, /host may be given only once/, get('/v1/status', 'Host: x')],
    ['a Host that is none', 400, /Host header/, ['GET /v1/status HTTP/1.1', 'Host: a b', auth]],
    ['a list as Host', 400, /Host header/, ['GET /v1/status HTTP/1.1', 'Host: a,b@c', auth]],
    ['no Host', 400, /Host header/, ['GET /v1/status HTTP/1.1', auth]],
    ['two Authorization headers', 400, /authorization may be given only once/, get('/v1/status', 'Authorization: Bearer x')],
    ['two Content-Types', 400, /content-type may be given only once/, ...put(good, auth, 'Content-Type: text/plain')],
    ['two Last-Event-IDs', 400, /last-event-id may be given only once/, get('/v1/events', 'Last-Event-ID: 1', 'Last-Event-ID: 2')],
    ['two lengths', 400, 'bad_request', ...put(good, auth, 'Content-Length: 5')],
    ['a length and chunks', 400, 'bad_request', ...put(good, auth, 'Transfer-Encoding: chunked')],
    ['a length that is none', 400, 'bad_request', [`PUT ${override} HTTP/1.1`, 'Host: x', auth, 'Content-Length: +5'], good],
    [
      'another Transfer-Encoding',
      501,
      /chunked/,
      [`PUT ${override} HTTP/1.1`, 'Host: x', auth, 'Transfer-Encoding: gzip, chunked'],
      '0\r\n\r\n',
    ],
    ['chunks in HTTP/1.0', 400, /HTTP\/1\.0/, [`PUT ${override} HTTP/1.0`, 'Host: x', auth, ...chunked], '0\r\n\r\n'],
    ['an encoded NUL in the path', 400, /control character/, get('/v1/listeners/web%00')],
    ['an encoded line break in the path', 400, /control character/, get('/v1/listeners/web%0d%0aX:1')],
    ['a NUL in the target', 400, 'bad_request', get('/v1/\0status')],
    ['a tab in the target', 400, 'bad_request', get('/v1/\tstatus')],
    ['bytes beyond ASCII in the target', 400, 'bad_request', get('/v1/listeners/gr\xf6\xdfe')],
    ['a fragment', 400, /fragment/, get('/v1/status#x')],
    ['a target without a slash', 400, 'bad_request', get('v1/status')],
    ['another scheme', 400, 'bad_request', get('ftp://x/v1/status')],
    ['a user in the target', 400, 'bad_request', get('http://me:pw@x/v1/status')],
    ['an asterisk with GET', 400, 'bad_request', get('*')],
    ['a folded header', 400, 'bad_request', get('/v1/status', 'X-A: 1\r\n folded')],
    ['a space before the colon', 400, 'bad_request', get('/v1/status', 'X-A : 1')],
    ['a parameter given twice', 400, /`since` may be given only once/, get('/v1/status?since=1&since=1')],
    ['a parameter given twice, once encoded', 400, /`since` may be given only once/, get('/v1/status?since=1&%73ince=2')],
    ['by given twice', 400, /`by` may be given only once/, [`DELETE ${override}?by=a&by=b HTTP/1.1`, 'Host: x', auth]],
  ];
  for (const [what, status, said, head, body] of cases) {
    const answer = await answerTo(t, url, head, body);
    t.equal(answer.status, status, `${what}: ${answer.text.slice(0, 300)}`);
    t.match(answer.text, said, what);
    t.match(answer.text, /application\/problem\+json/, what);
    t.equal((answer.text.match(/^HTTP\/1\.1 /gm) ?? []).length, 1, `${what}: one answer`);
  }
  t.equal((await answerTo(t, url, ...put(good, auth))).status, 200, 'the same without a fault is taken');
});

t.test('requests that are answered, as HTTP wants it', async (t) => {
  const { url } = await openEntrances(t, {});
  const cases: [what: string, status: number, head: readonly string[], body?: string][] = [
    ['absolute-form', 200, ['GET http://localhost/v1/status HTTP/1.1', 'Host: localhost']],
    ['absolute-form with a query', 200, ['GET HTTP://localhost:8248/v1/status?since=1 HTTP/1.1', 'Host: localhost']],
    ['absolute-form without a path', 200, ['GET http://localhost HTTP/1.1', 'Host: localhost']],
    ['the host of the target, which counts before Host', 421, ['GET http://evil.example.com/v1/status HTTP/1.1', 'Host: localhost']],
    ['a wrong Host beside a right target', 200, ['GET http://localhost/v1/status HTTP/1.1', 'Host: evil.example.com']],
    ['an IPv6 address as Host', 200, ['GET /v1/status HTTP/1.1', 'Host: [::1]:8248']],
    ['HTTP/1.0 without Host', 200, ['GET /v1/status HTTP/1.0']],
    ['identity as Content-Encoding', 200, ...put(good, 'Content-Encoding: identity')],
    [
      'chunks',
      200,
      [`PUT ${override} HTTP/1.1`, 'Host: x', 'Content-Type: application/json; charset=UTF-8', 'Transfer-Encoding: chunked'],
      `${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`,
    ],
    ['Content-Encoding without a body', 200, ['GET /v1/status HTTP/1.1', 'Host: x', 'Content-Encoding: gzip']],
    ['a listener given twice', 200, ['GET /v1/status?listener=web&listener=dns HTTP/1.1', 'Host: x']],
    ['a percent-encoded name', 404, ['GET /v1/listeners/gr%C3%B6%C3%9Fe HTTP/1.1', 'Host: x']],
    ['two Accept headers', 200, ['GET /v1/status HTTP/1.1', 'Host: x', 'Accept: text/plain', 'Accept: application/json']],
  ];
  for (const [what, status, head, body] of cases) {
    const answer = await answerTo(t, url, head, body);
    t.equal(answer.status, status, `${what}: ${answer.text.slice(0, 300)}`);
  }
});

t.test('the doubled key of a body is named with its place', (t) => {
  t.equal(doubledKey('{"a":1,"b":{"a":1,"c":[{"d":1},{"e":1,"e":2}]}}'), 'b.c[1].e');
  t.equal(doubledKey('{"a":"\\"a\\":","a\\"":1,"b":["a","a"]}'), undefined);
  t.equal(doubledKey('[{"a":1},{"a":1}]'), undefined);
  t.equal(doubledKey('{"":1,"":2}'), '');
  t.equal(doubledKey('"a"'), undefined);
  t.equal(doubledKey('[[],{},{"x":{}},[[{"y":1,"y":[]}]]]'), '[3][0][0].y');
  t.end();
});

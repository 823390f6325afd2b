import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { appOf, FrontWorld, smallWorld } from '../../support/front-world.js';

interface Problem {
  status: number;
  code: string;
  detail: string;
  title: string;
  type: string;
}

async function api(t: Test, world = smallWorld()) {
  const api = await appOf(world);
  t.teardown(() => api.app.close());
  return api;
}

const cases: [what: string, url: string, status: number, code: string, detail: RegExp][] = [
  ['a path that leads nowhere', '/v1/nothing', 404, 'not_found', /\/ has links/],
  ['a listener that is not there', '/v1/listeners/wib', 404, 'listener_not_found', /no listener "wib"; the listeners are: web, dns/],
  [
    'a backend that is not there',
    '/v1/listeners/web/backends/x%2Fy',
    404,
    'backend_not_found',
    /no backend "x\/y"; see \/v1\/listeners\/web\/backends/,
  ],
  [
    'an unknown query parameter',
    '/v1/listeners/web/backends?stat=healthy',
    400,
    'bad_request',
    /Unknown query parameter "stat"; did you mean `state`\?/,
  ],
  ['a query where none is taken', '/v1/listeners?a=1', 400, 'bad_request', /takes none/],
  [
    'an unknown state',
    '/v1/listeners/web/backends?state=sick',
    400,
    'bad_request',
    /`state` must be one of initial, healthy, .*not "sick"/,
  ],
  ['a limit of 0', '/v1/listeners/web/backends?limit=0', 400, 'bad_request', /`limit` must be a whole number from 1 to 1000, not 0/],
  ['a limit that is too high', '/v1/listeners/web/backends?limit=1001', 400, 'bad_request', /from 1 to 1000/],
  ['a limit that is no number', '/v1/listeners/web/backends?limit=ten', 400, 'bad_request', /not "ten"/],
  ['routable that is neither', '/v1/listeners/web/backends?routable=maybe', 400, 'bad_request', /must be true or false/],
  ['a cursor of somebody else', '/v1/listeners/web/backends?cursor=abc', 400, 'bad_request', /`cursor` must be/],
  ['a parameter given twice', '/v1/status?since=1&since=2', 400, 'bad_request', /`since` may be given only once/],
  ['a negative revision', '/v1/status?since=-1', 400, 'bad_request', /whole number from 0/],
  ['a wait without a unit', '/v1/status?since=1&wait=30', 400, 'bad_request', /`wait` must be a value such as 500ms, 30s, 2m, not "30"/],
  ['bad percent-encoding', '/v1/listeners/%zz', 400, 'bad_request', /write % as %25/],
  ['percent-encoding that is not UTF-8', '/v1/listeners/%ff', 400, 'bad_request', /UTF-8/],
  ['a target that is too long', `/v1/status?${'x'.repeat(9000)}`, 414, 'uri_too_long', /at most 8192/],
];

t.test('a wrong request gets a problem document that says what is allowed', async (t) => {
  const { get } = await api(t);
  for (const [what, url, status, code, detail] of cases) {
    const answer = await get(url);
    const problem = answer.json<Problem>();
    t.match(answer.headers['content-type'], /^application\/problem\+json/);
    t.equal(answer.statusCode, status, what);
    t.match(problem, { status, code, detail, title: String, type: 'about:blank' }, what);
    t.notMatch(answer.body, /\.js:\d|node_modules|\bat \w+ \(/, 'no stack trace');
  }
});

t.test('another method than GET and HEAD is told which are allowed', async (t) => {
  const { app } = await api(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'] as const) {
    for (const url of ['/v1/status', '/', '/v1/listeners/web', '/metrics', '/healthz?x']) {
      const answer = await app.inject({ method, url, payload: method === 'POST' ? 'small' : undefined } as { method: 'POST'; url: string });
      t.equal(answer.statusCode, 405, `${method} ${url}`);
      t.equal(answer.headers.allow, 'GET, HEAD');
      t.equal(answer.json<Problem>().code, 'method_not_allowed');
    }
  }
  t.equal((await app.inject({ method: 'POST', url: '/nothing' })).statusCode, 404, 'where nothing is, no method would help');
});

t.test('HEAD answers like GET, without the body', async (t) => {
  const { app } = await api(t);
  for (const url of ['/v1/status', '/v1/listeners', '/metrics', '/', '/healthz']) {
    const head = await app.inject({ method: 'HEAD', url });
    t.equal(head.statusCode, 200, url);
    t.equal(head.body, '');
  }
});

t.test('a body is refused before it is read', async (t) => {
  const { app } = await api(t);
  for (const method of ['GET', 'POST'] as const) {
    const answer = await app.inject({ method, url: '/v1/status', headers: { 'content-length': '1000000' } });
    t.equal(answer.statusCode, 413);
    t.equal(answer.json<Problem>().code, 'payload_too_large');
    t.equal(answer.headers.connection, 'close');
  }
  const chunked = await app.inject({ method: 'POST', url: '/v1/status', headers: { 'transfer-encoding': 'chunked' }, payload: 'x' });
  t.equal(chunked.statusCode, 413);
});

t.test('an error of our own is logged, and tells the client nothing of the inside', async (t) => {
  const { get, lines, state } = await api(t);
  Object.defineProperty(state, 'model', {
    get: () => {
      throw new Error('secret path /etc/x');
    },
  });
  const answer = await get('/v1/listeners');
  t.equal(answer.statusCode, 500);
  t.equal(answer.json<Problem>().code, 'internal');
  t.notMatch(answer.body, /secret/);
  t.ok(lines.some(({ level, msg }) => level === 50 && msg === 'a request failed'));
});

t.test('headers tell browsers to guess nothing, keep nothing and load nothing', async (t) => {
  const { get } = await api(t);
  for (const url of ['/v1/status', '/nothing', '/metrics', '/v1/status?x', '/v1/listeners/%zz']) {
    const { headers } = await get(url);
    t.equal(headers['x-content-type-options'], 'nosniff', url);
    t.equal(headers['cache-control'], 'no-store', url);
    t.match(headers['content-security-policy'], /default-src 'none'/, url);
  }
});

/** Sends bytes as they are, and gives all that comes back until the server closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (data) => (received += data.toString()));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

t.test('on a socket', async (t) => {
  const { app } = await api(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };

  const bad: [what: string, bytes: string, status: number, code: string][] = [
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad_request'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01', 400, 'bad_request'],
    ['a header that is not one', 'GET / HTTP/1.1\r\nHost x\r\n\r\n', 400, 'bad_request'],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400, 'bad_request'],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['too many headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'header_too_large'],
    ['a long target', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 414, 'uri_too_long'],
    ['an endless target', `GET /${'x'.repeat(70_000)}`, 414, 'uri_too_long'],
    [
      'a method that HTTP knows and we do not',
      'PROPFIND /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      405,
      'method_not_allowed',
    ],
    ['a large body', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`, 413, 'payload_too_large'],
  ];
  for (const [what, bytes, status, code] of bad) {
    const answer = await raw(port, bytes);
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    t.match(answer.toLowerCase(), 'content-type: application/problem+json', what);
    t.match(answer, `"code":"${code}"`, what);
  }
  t.match(await raw(port, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /, 'HTTP/1.0 needs no Host');
});

t.test('whatever characters names have, their addresses work', async (t) => {
  const names = ['a/b', 'with space', '[::1]:80', 'größe-✓', '100%', '..', 'a%2Fb', '?x#y', '"<script>', "o'brien", 'x'.repeat(300)];
  const world = new FrontWorld(Object.fromEntries(names.map((name) => [name, { backends: names }])), 128);
  const { get } = await api(t, world);
  for (const listener of names.filter((name) => name !== '..')) {
    for (const backend of names) {
      const answer = await get(`/v1/listeners/${encodeURIComponent(listener)}/backends/${encodeURIComponent(backend)}`);
      // `..` cannot be a segment of a URL for most clients; encoded dots are the same to them.
      if (backend === '..') continue;
      t.equal(answer.statusCode, 200, `${listener} ${backend}`);
      t.match(answer.json(), { listener, backend });
    }
    t.equal((await get(`/v1/listeners/${encodeURIComponent(listener)}/backends`)).json<{ total: number }>().total, names.length);
  }
});

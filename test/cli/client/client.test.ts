import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient, type Client } from '#vitald/cli/client/client.js';
import { ApiRefusal } from '#vitald/cli/client/refusal.js';
import { CodedError, type ErrorCode } from '#vitald/errors.js';
import { selfSigned } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { closedTcpPort, tcpServer } from '../../support/loopback.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A daemon's stand-in that takes note of what it is asked. */
function recorder(answer: (response: ServerResponse) => void): { seen: Seen[]; handler: RequestListener } {
  const seen: Seen[] = [];
  return {
    seen,
    handler: (request, response) => {
      let body = '';
      request.on('data', (piece) => (body += String(piece)));
      request.on('end', () => {
        seen.push({ method: request.method, url: request.url, headers: request.headers, body });
        answer(response);
      });
    },
  };
}

async function serving(t: Test, server: Server, where: string | number = 0): Promise<number> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port;
}

const sends =
  (status: number, body: unknown) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));

async function asking(t: Test, handler: RequestListener): Promise<Client> {
  const port = await serving(t, createServer(handler));
  return createClient({ api: `http://127.0.0.1:${port}` }, {});
}

async function refusedWith(t: Test, asked: Promise<unknown>, code: ErrorCode, sentence: RegExp): Promise<CodedError> {
  const error = await asked.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason as Error,
  );
  t.type(error, CodedError);
  t.match(error.message, sentence);
  t.equal((error as CodedError).code, code, error.message);
  return error as CodedError;
}

t.test('asks with method, path, query, body and token, and gives back status and data', async (t) => {
  const { seen, handler } = recorder(sends(201, { fine: true }));
  const port = await serving(t, createServer(handler));
  const client = createClient({}, { VITALD_API: `http://127.0.0.1:${port}/`, VITALD_TOKEN: 'abc.DEF_1' });
  const answer = await client.request('PUT', '/v1/x', {
    query: { listener: ['web', 'a b'], since: 7, left_out: undefined },
    body: { why: 'maintenance – now' },
    headers: { 'if-match': '"3"' },
  });
  t.match(answer, { status: 201, body: { fine: true }, headers: { 'content-type': 'application/json' } });
  t.match(seen, [
    {
      method: 'PUT',
      url: '/v1/x?listener=web&listener=a+b&since=7',
      headers: { authorization: 'Bearer abc.DEF_1', 'if-match': '"3"', 'content-type': 'application/json', 'user-agent': /^vitald\// },
      body: '{"why":"maintenance – now"}',
    },
  ]);
});

t.test('an option wins over the environment; a token may be in a file; a proxy may have the daemon below a path', async (t) => {
  const { seen, handler } = recorder((response) => void response.writeHead(204).end());
  const port = await serving(t, createServer(handler));
  const tokenFile = join(temporaryFolder(t), 'token');
  writeFileSync(tokenFile, 'from-the-file\n');
  const env = { VITALD_API: 'http://127.0.0.1:1', VITALD_TOKEN: 'of-the-environment' };
  const client = createClient({ api: `http://127.0.0.1:${port}/checkers/lb-1/`, tokenFile }, env);
  t.equal((await client.request('DELETE', '/v1/x')).body, undefined);
  t.match(seen, [{ url: '/checkers/lb-1/v1/x', headers: { authorization: 'Bearer from-the-file' } }]);
});

t.test('a Unix socket', async (t) => {
  const { seen, handler } = recorder(sends(200, [1]));
  const path = join(temporaryFolder(t), 'api.sock');
  await serving(t, createServer(handler), path);
  t.match(await createClient({ api: `unix:${path}` }, {}).request('GET', '/v1/status'), { body: [1] });
  t.match(await createClient({ api: `unix://${path}` }, {}).request('GET', '/v1/status'), { body: [1] });
  t.match(seen, [{ url: '/v1/status', headers: { host: 'localhost' } }, {}]);
});

t.test('TLS: the authority is named, the client shows its certificate', async (t) => {
  const folder = temporaryFolder(t);
  const files: Record<string, string> = {};
  const identities = { server: selfSigned(['127.0.0.1']), client: selfSigned(['operator']) };
  for (const [who, { key, cert }] of Object.entries(identities)) {
    for (const [what, pem] of Object.entries({ key, cert }))
      writeFileSync((files[`${who}-${what}`] = join(folder, `${who}-${what}.pem`)), pem);
  }
  const { key, cert } = identities.server;
  const server = createSecureServer({ key, cert, requestCert: true, ca: identities.client.cert }, (request, response) => {
    sends(200, { authorized: (request.socket as unknown as { authorized: boolean }).authorized })(response);
  });
  const port = await serving(t, server);
  const api = `https://127.0.0.1:${port}`;
  const mine = { certFile: files['client-cert']!, keyFile: files['client-key']! };
  const answer = await createClient({ api, caFile: files['server-cert']!, ...mine }, {}).request('GET', '/');
  t.same(answer.body, { authorized: true });
  await refusedWith(
    t,
    createClient({ api }, {}).request('GET', '/'),
    'daemon_unreachable',
    /certificate of https.* is not trusted.*--ca-file/,
  );
  await refusedWith(t, createClient({ api: api.replace('https', 'http') }, {}).request('GET', '/'), 'daemon_unreachable', /https:\/\//);
});

t.test('nobody there: says where it looked, and how to name another address', async (t) => {
  const port = await closedTcpPort('127.0.0.1');
  const at = (api: string): Promise<unknown> => createClient({ api }, {}).request('GET', '/');
  const error = await refusedWith(
    t,
    at(`http://127.0.0.1:${port}`),
    'daemon_unreachable',
    new RegExp(`listens at http://127.0.0.1:${port}; is vitald running\\?.*--api`),
  );
  t.equal(error.exitCode, 3);
  await refusedWith(t, at('unix:/nonexistent/api.sock'), 'daemon_unreachable', /no socket \/nonexistent\/api\.sock/);
  await refusedWith(t, at('http://nobody.invalid:80'), 'daemon_unreachable', /nobody\.invalid/);
});

t.test('what is not HTTP, or ends too early, or is silent, is told apart', async (t) => {
  const silent = await tcpServer('127.0.0.1');
  const garbled = await tcpServer('127.0.0.1', (stream) => stream.end('SSH-2.0-OpenSSH_9.2\r\n'));
  const cut = await tcpServer('127.0.0.1', (stream) => stream.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half'));
  const stalls = await tcpServer('127.0.0.1', (stream) => stream.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half'));
  for (const server of [silent, garbled, cut, stalls]) t.teardown(() => server.close());
  const at = ({ port }: { port: number }): Promise<unknown> =>
    createClient({ api: `http://127.0.0.1:${port}` }, {}).request('GET', '/', { silenceMs: 100 });
  await refusedWith(t, at(silent), 'daemon_unreachable', /nothing came from http.* for 0\.1 s/);
  await refusedWith(t, at(stalls), 'daemon_unreachable', /nothing came from http.* for 0\.1 s/);
  await refusedWith(t, at(garbled), 'daemon_unreachable', /is not HTTP/);
  await refusedWith(t, at(cut), 'daemon_unreachable', /closed the connection before a whole answer/);
});

t.test('a refusal is told in the words of the daemon, with what to do', async (t) => {
  const cases: [status: number, body: unknown, code: ErrorCode, exitCode: number, sentence: RegExp][] = [
    [404, { code: 'listener_not_found', detail: 'There is no listener "wib".' }, 'usage', 2, /no listener "wib"\.$/],
    [400, { code: 'bad_request', detail: 'No.' }, 'usage', 2, /No\.$/],
    [401, { code: 'unauthorized', detail: 'A token is needed.' }, 'daemon_denies_access', 3, /A token is needed\.\n.*VITALD_TOKEN/],
    [403, { code: 'forbidden', detail: 'Only `operate` may.' }, 'daemon_denies_access', 3, /Only `operate` may\.\n.*higher role/],
    [412, { code: 'changed', detail: 'It has changed.' }, 'daemon_refused', 1, /It has changed/],
    [503, '<html>busy</html>', 'daemon_refused', 1, /answered HTTP 503$/],
    [404, '<html>', 'usage', 2, /HTTP 404\n.*another server/],
    [500, { detail: 'steer \u001b[2J the terminal' }, 'daemon_refused', 1, /steer \?\[2J the terminal/],
  ];
  for (const [status, body, code, exitCode, sentence] of cases) {
    const client = await asking(t, (_request, response) => sends(status, body)(response));
    const error = await refusedWith(t, client.request('GET', '/'), code, sentence);
    t.equal(error.exitCode, exitCode);
    t.match(error, { status, problem: typeof body === 'object' ? (body as { code?: string }).code : undefined });
    t.type(error, ApiRefusal);
  }
  const client = await asking(t, (_request, response) => sends(200, '<html>')(response));
  await refusedWith(t, client.request('GET', '/'), 'daemon_refused', /not JSON/);
});

t.test('a stream comes as it is sent, and a refused one is an error', async (t) => {
  let go = (): void => undefined;
  const client = await asking(t, (request, response) => {
    if (request.url === '/no') return sends(404, { detail: 'No.' })(response);
    response.write('one');
    go = () => response.end('two');
  });
  const pieces: string[] = [];
  for await (const piece of client.stream('/yes')) {
    pieces.push(piece.toString());
    go();
  }
  t.same(pieces, ['one', 'two']);
  await refusedWith(t, client.stream('/no')[Symbol.asyncIterator]().next(), 'usage', /No\./);
});

t.test('options that make no sense are wrong usage, and no secret is shown', async (t) => {
  const folder = temporaryFolder(t);
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'not a token\nbut a secret');
  chmodSync(secret, 0o600);
  const wrong: [Parameters<typeof createClient>[0], Record<string, string>, RegExp][] = [
    [{ api: 'localhost:8248' }, {}, /"localhost:8248" is not the address of an API; write for example http:/],
    [{ api: 'ftp://x' }, {}, /not the address of an API/],
    [{ api: 'unix:relative' }, {}, /not the address of an API/],
    [{ api: 'http://me:hunter2@x' }, {}, /must not have a user or a password/],
    [{ api: 'http://x', caFile: secret }, {}, /for https/],
    [{ api: 'https://x', certFile: secret }, {}, /go together/],
    [{ tokenFile: join(folder, 'none') }, {}, /--token-file .*cannot be read: ENOENT/],
    [{ tokenFile: secret }, {}, /--token-file .*this is not a token/],
    [{}, { VITALD_TOKEN: 'a\r\nX-Secret: 1' }, /VITALD_TOKEN: this is not a token/],
  ];
  for (const [flags, env, sentence] of wrong) {
    const error = await refusedWith(t, (async () => createClient(flags, env))(), 'usage', sentence);
    t.notMatch(error.message, /hunter2|secret$|X-Secret/);
  }
});

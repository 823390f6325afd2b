import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { fastify } from 'fastify';
import t, { type Test } from 'tap';
import { addCompression, takesGzip } from '#vitald/front/api/compress.js';
import { bodyOf, gzippedBody, SharedPieces } from '#vitald/front/http/body-stream.js';
import { gzipped } from '#vitald/front/http/gzip.js';
import { eventually } from '../../support/eventually.js';
import { appOf, FrontWorld, smallWorld } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

const ids = Array.from({ length: 1500 }, (_, place) => `backend-${String(place).padStart(4, '0')}`);

async function api(t: Test, world: FrontWorld) {
  const { app, state } = await appOf(world);
  t.teardown(() => app.close());
  const asked = (url: string, accepted?: string, method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ method, url, ...(accepted !== undefined && { headers: { 'accept-encoding': accepted } }) });
  return { app, state, asked };
}

const whole = async (body: Buffer | Readable): Promise<Buffer> =>
  Buffer.isBuffer(body) ? body : Buffer.concat((await body.toArray()) as Buffer[]);

t.test('pieces become one gzip stream that every reader understands', async (t) => {
  const random = generator(7);
  for (const lengths of [[0], [1], [5, 0, 7], [100_000, 3, 200_000], Array.from({ length: 50 }, () => Math.floor(random() * 9000))]) {
    const pieces = lengths.map((length) => Buffer.from(Array.from({ length }, () => 97 + Math.floor(random() * 4))));
    const made = [...gzipped(pieces)];
    t.equal(made.length, pieces.length, 'piece by piece');
    t.ok(gunzipSync(Buffer.concat(made)).equals(Buffer.concat(pieces)), lengths.join(' + '));
  }
  t.equal(gunzipSync(Buffer.concat([...gzipped([])])).length, 0);
});

t.test('long answers of every kind come in gzip to those who take it, and are the same', async (t) => {
  const world = new FrontWorld({ web: { backends: ids } }, 2048);
  const { state, asked } = await api(t, world);
  const { revision } = world;
  state.applyChanges(ids.map((id) => world.turn('web', id, 'unhealthy', 'connect_refused', id)));
  for (const path of ['/v1/status', `/v1/status?since=${revision}`, '/v1/listeners/web/backends?limit=1000', '/openapi.json']) {
    const [plain, packed] = [await asked(path), await asked(path, 'gzip, deflate, br')];
    t.match(packed.headers, { 'content-encoding': 'gzip', vary: 'accept-encoding' }, path);
    t.equal(packed.headers['content-type'], plain.headers['content-type']);
    t.notOk('content-encoding' in plain.headers);
    t.equal(plain.headers.vary, 'accept-encoding', 'caches are told in both cases');
    t.ok(packed.rawPayload.length * 4 < plain.rawPayload.length, `${packed.rawPayload.length} of ${plain.rawPayload.length} bytes`);
    t.same(JSON.parse(gunzipSync(packed.rawPayload).toString()), plain.json());
  }
  const metrics = await asked('/metrics', 'gzip');
  t.equal(metrics.headers['content-encoding'], 'gzip');
  t.equal(
    gunzipSync(metrics.rawPayload)
      .toString()
      .match(/^vitald_backend_state\{/gm)!.length,
    ids.length,
  );
});

t.test('short answers, errors of a few words and answers without a body stay as they are', async (t) => {
  const { asked, app } = await api(t, smallWorld());
  for (const path of ['/healthz', '/v1/listeners/none']) t.notOk('content-encoding' in (await asked(path, 'gzip')).headers, path);
  const unchanged = await app.inject({ url: '/v1/status', headers: { 'accept-encoding': 'gzip', 'if-none-match': '*' } });
  t.match(unchanged, { statusCode: 304, body: '' });
  t.notOk('content-encoding' in unchanged.headers);
});

t.test('HEAD makes nothing of a long answer', async (t) => {
  const world = new FrontWorld({ web: { backends: ids } }, 2048);
  const { asked } = await api(t, world);
  for (const path of ['/v1/status', '/metrics', '/v1/listeners/web/backends?limit=1000']) {
    const { headers, ...head } = await asked(path, 'gzip', 'HEAD');
    t.match(head, { statusCode: 200, body: '' }, path);
    t.match(headers, { 'content-encoding': 'gzip', vary: 'accept-encoding' });
    t.not(headers['content-length'], '0', 'a GET has more');
  }
});

t.test('pollers that are released together share one compressed answer', async (t) => {
  const made = { count: 0 };
  const shared = new SharedPieces(
    (function* () {
      for (let piece = 0; piece < 20; piece++) {
        made.count++;
        yield Buffer.from(`${piece},`.repeat(1000));
      }
    })(),
  );
  const bodies = await Promise.all(Array.from({ length: 50 }, async () => whole(gzippedBody(bodyOf(shared))!)));
  t.equal(made.count, 20);
  t.ok(bodies.every((body) => body.equals(bodies[0]!)));
  t.equal(gunzipSync(bodies[0]!).toString(), [...shared].join(''));
  const short = Buffer.from('short '.repeat(500));
  t.equal(gzippedBody(short), gzippedBody(short), 'a short one is the same bytes');
});

t.test('200 pollers over real connections', async (t) => {
  const world = new FrontWorld({ web: { backends: ids } }, 2048);
  const { app, state } = await api(t, world);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const { revision } = world;
  const answers = Array.from({ length: 200 }, async () => {
    const path = `/v1/status?since=${revision}&wait=1m`;
    const request = httpGet({ port, host: '127.0.0.1', path, agent: false, headers: { 'accept-encoding': 'gzip' } });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return gunzipSync(await whole(answer)).toString();
  });
  await eventually('all of them', () => state.waiters.size === 200);
  state.applyChanges(ids.map((id) => world.turn('web', id, 'unhealthy', 'connect_refused', id)));
  const texts = new Set(await Promise.all(answers));
  t.equal(texts.size, 1);
  t.equal((JSON.parse([...texts][0]!) as { backends: unknown[] }).backends.length, ids.length);
});

t.test('a stream of somebody else is not touched', async (t) => {
  t.equal(gzippedBody(Readable.from(['a'])), undefined);
});

t.test('Accept-Encoding as RFC 9110 has it', async (t) => {
  for (const yes of ['gzip', 'GZIP', 'x-gzip', '*', 'br, gzip;q=0.1', 'gzip;q=1.0, identity; q=0.5', 'deflate, *;q=0.5'])
    t.equal(takesGzip(yes), true, yes);
  for (const no of [undefined, '', 'identity', 'br', 'gzip;q=0', 'gzip; q=0.000', '*;q=0', 'gzip;q=0.5, identity', 'gzip;q=x', 'gzipped'])
    t.equal(takesGzip(no), false, String(no));
});

t.test('only so many long answers are compressed at a time; others are sent as they are', async (t) => {
  const app = fastify();
  addCompression(app, 1);
  const piece = randomBytes(128 * 1024)
    .toString('latin1')
    .replace(/[^ -~]/g, '.');
  app.get('/', (_request, reply) => reply.type('text/plain').send(bodyOf(Array.from({ length: 400 }, () => Buffer.from(piece)))));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => app.close());
  const open = async (): Promise<IncomingMessage> => {
    const request = httpGet(url, { agent: false, headers: { 'accept-encoding': 'gzip' } });
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    t.teardown(() => request.destroy());
    return response.on('error', () => undefined);
  };
  const first = await open();
  t.equal(first.headers['content-encoding'], 'gzip');
  const second = await open();
  t.equal(second.headers['content-encoding'], undefined, 'the first one is not read to its end');
  second.destroy();
  first.destroy();
  await eventually('its place', async () => {
    const next = await open();
    next.destroy();
    return next.headers['content-encoding'] === 'gzip';
  });
});

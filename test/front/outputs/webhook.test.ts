import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { OutputEvent } from '#vitald/front/outputs/output-event.js';
import { webhook } from '#vitald/front/outputs/webhook/kind.js';
import { selfSigned } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import { HookReceiver } from '../../support/hook-receiver.js';
import { closedTcpPort, tcpServer } from '../../support/loopback.js';
import { runOutput } from '../../support/output-world.js';
import { ownAddress } from '../../support/own-address.js';
import { generator } from '../../support/random.js';
import { Stopwatch } from '../../support/stopwatch.js';

const world = (count = 3): FrontWorld => {
  const backends = Array.from({ length: count }, (_, nth) => `app-${nth}`);
  return new FrontWorld({ web: { backends } }, Math.max(count, 64));
};

const quick = { batch_interval: '100ms', timeout: '300ms' };
const short = ({ backend, from, to, missed }: OutputEvent) => `${backend} ${from} → ${to}${missed === 0 ? '' : ` (${missed})`}`;

async function setUp(t: Test, options: Record<string, unknown> = {}) {
  const receiver = await HookReceiver.start(t);
  const backends = world();
  const running = runOutput(t, backends, webhook, { url: receiver.url, ...quick, ...options });
  return { receiver, world: backends, ...running };
}

t.test('a transition is posted as JSON', async (t) => {
  const { receiver, world, post, output, state } = await setUp(t);
  t.equal(output.state().state, 'idle');
  const change = world.turn('web', 'app-1', 'unhealthy', 'status_mismatch', 'HTTP 503, expected http_2xx');
  post(change);
  await eventually('the batch', () => receiver.deliveries.length === 1);
  t.match(receiver.deliveries[0], {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/json', 'user-agent': 'vitald/1.2.3' },
  });
  t.same(receiver.batches[0], {
    id: receiver.deliveries[0]!.headers['x-vitald-delivery'],
    vitald: '1.2.3',
    checker: 'lb-1',
    epoch: state.epoch,
    revision: change.revision,
    incomplete: false,
    events: [
      {
        revision: change.revision,
        event: 'state',
        listener: 'web',
        backend: 'app-1',
        address: '10.0.0.2',
        port: 80,
        weight: 10,
        from: 'initial',
        to: 'unhealthy',
        routable: false,
        routable_because: 'unhealthy',
        stale: false,
        reason: 'status_mismatch',
        detail: 'HTTP 503, expected http_2xx',
        run_length: 3,
        at: new Date(change.at).toISOString(),
        missed: 0,
      },
    ],
  });
  await eventually('the success to be known', () => output.state().state === 'ok');
  t.match(output.state(), { revision: change.revision, successes: 1, details: { delivered_events: 1, waiting_events: 0 } });
});

t.test('batches of two daemons differ in id and epoch, though their revisions and events be the same', async (t) => {
  const [one, other] = [await setUp(t), await setUp(t)];
  for (const { world, post } of [one, other]) post(world.turn('web', 'app-1', 'unhealthy', 'connect_timeout'));
  const [of1, of2] = await eventually('both batches', () => {
    const batches = [one.receiver.batches[0], other.receiver.batches[0]] as const;
    return batches[0] !== undefined && batches[1] !== undefined && batches;
  });
  t.same(of1!.events, of2!.events);
  t.not(of1!.epoch, of2!.epoch);
  t.not(of1!.id, of2!.id);
});

t.test('changes that come together are one batch, in order', async (t) => {
  const { receiver, world, post } = await setUp(t);
  post(...['app-0', 'app-1', 'app-2'].map((backend) => world.turn('web', backend, 'unhealthy', 'connect_timeout')));
  await eventually('the batch', () => receiver.events.length === 3);
  t.equal(receiver.deliveries.length, 1);
  post(world.turn('web', 'app-0', 'healthy', 'ok'));
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the second batch', () => receiver.events.length === 5);
  t.equal(receiver.deliveries.length, 2);
  t.same(receiver.events.slice(3).map(short), ['app-0 unhealthy → healthy', 'app-0 healthy → unhealthy']);
});

t.test('requests are signed: time and body cannot be changed', async (t) => {
  const secret = 'a secret of enough characters';
  const { receiver, world, post } = await setUp(t, { secret });
  post(world.turn('web', 'app-1', 'healthy', 'ok', 'naïve ✓'));
  await eventually('the batch', () => receiver.deliveries.length === 1);
  const { headers, text } = receiver.deliveries[0]!;
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-vitald-signature']))!;
  t.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
  t.equal(signature, createHmac('sha256', secret).update(`${time}.${text}`).digest('hex'));
});

t.test('the secret may be in a file, which is read anew for each request', async (t) => {
  const file = join(temporaryFolder(t), 'secret');
  const { receiver, world, post, output } = await setUp(t, { secret_file: file });
  post(world.turn('web', 'app-1', 'healthy', 'ok'));
  await eventually('the failure', () => output.state().problem?.includes(`${file} cannot be read (ENOENT)`));
  t.equal(receiver.deliveries.length, 0, 'nothing is sent unsigned');
  writeFileSync(file, 'a secret of enough characters\n');
  await eventually('the batch', () => receiver.deliveries.length === 1);
  const { headers, text } = receiver.deliveries[0]!;
  const time = /t=(\d+)/.exec(String(headers['x-vitald-signature']))![1]!;
  const expected = createHmac('sha256', 'a secret of enough characters').update(`${time}.${text}`).digest('hex');
  t.equal(headers['x-vitald-signature'], `t=${time},v1=${expected}`);
});

t.test('after failures the same batch comes again, with the same id', async (t) => {
  const { receiver, world, post, output, log } = await setUp(t);
  receiver.answer = (response, _, nth) => void response.writeHead(nth <= 2 ? 500 : 200).end();
  post(world.turn('web', 'app-1', 'unhealthy', 'connect_refused', 'nobody'));
  await eventually('the third attempt', () => receiver.deliveries.length === 3 && output.state().state === 'ok');
  const ids = new Set(receiver.batches.map(({ id }) => id));
  t.equal(ids.size, 1);
  t.same(new Set(receiver.batches.map(({ events }) => JSON.stringify(events))).size, 1);
  t.match(output.state(), { successes: 1, failures: 2 });
  t.match(
    log.map(({ msg }) => msg),
    [`events are not taken: ${receiver.url} answered 500`, 'events are taken again'],
    'each turn is told once',
  );
});

t.test('who was away for long is told the present, not the past', async (t) => {
  const { receiver, world, post, output } = await setUp(t);
  post(world.turn('web', 'app-0', 'healthy', 'ok'), world.turn('web', 'app-1', 'healthy', 'ok'));
  await eventually('the first batch', () => output.state().state === 'ok');
  const { port } = receiver;
  await receiver.close();
  for (let round = 0; round < 5; round++) {
    post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
    post(world.turn('web', 'app-0', 'healthy', 'ok'));
  }
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_timeout'));
  await eventually('a failure', () => output.state().problem?.includes('refuses connections'));
  t.equal(output.state().details.catching_up_by_state, true);
  const again = await HookReceiver.start(t, { port });
  await eventually('it to catch up', () => output.state().state === 'ok');
  t.same(again.events.map(short), ['app-0 healthy → unhealthy (10)']);
  t.match(again.events[0], { reason: 'connect_timeout' });
  t.equal(output.state().revision, world.revision);
});

t.test('a receiver that never answers delays nobody: the call that tells of a change returns at once', async (t) => {
  const { receiver, world, post, output } = await setUp(t);
  receiver.answer = () => undefined;
  const other = await HookReceiver.start(t);
  const quickOne = runOutput(t, world, webhook, { url: other.url, ...quick });
  const watch = await Stopwatch.start();
  for (let round = 0; round < 100; round++) {
    const change = world.turn('web', 'app-0', round % 2 === 0 ? 'unhealthy' : 'healthy', 'connect_refused');
    post(change);
    quickOne.post(change);
  }
  t.ok(watch.isWithin(1000), String(watch));
  await eventually('the other output', () => other.events.length === 100);
  await eventually('the failure', () => output.state().problem === `${receiver.url} did not answer within 0.3 s`);
  receiver.accept();
  await eventually('it to catch up', () => output.state().state === 'ok');
  t.match(receiver.events.at(-1), { backend: 'app-0', to: 'healthy' });
});

t.test('it closes within a second, also while it waits for an answer', async (t) => {
  const { receiver, world, post, output, log } = await setUp(t, { timeout: '30s' });
  receiver.answer = () => undefined;
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the request', () => receiver.deliveries.length === 1);
  const watch = await Stopwatch.start();
  await output.close();
  t.ok(watch.isWithin(1000), String(watch));
  t.match(log.at(-1), { msg: 'closed before all events were delivered' });
});

t.test('10,000 transitions at once arrive by batches, each backend once', async (t) => {
  const receiver = await HookReceiver.start(t);
  const many = world(10_000);
  const { post, output } = runOutput(t, many, webhook, { url: receiver.url, ...quick, timeout: '10s', batch_size: 500 });
  post(...Array.from({ length: 10_000 }, (_, nth) => many.turn('web', `app-${nth}`, 'unhealthy', 'connect_timeout', 'no answer')));
  await eventually('all of them', () => output.state().details.delivered_events === 10_000);
  t.equal(receiver.deliveries.length, 20);
  t.same(
    receiver.events.map(({ backend }) => backend),
    Array.from({ length: 10_000 }, (_, nth) => `app-${nth}`),
  );
});

t.test('Retry-After is heeded', async (t) => {
  const { receiver, world, post, output } = await setUp(t);
  const at: number[] = [];
  receiver.answer = (response, _, nth) => {
    at.push(performance.now());
    response.writeHead(nth === 1 ? 429 : 204, nth === 1 ? { 'Retry-After': '2' } : {}).end();
  };
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the refusal', () => output.state().problem === `${receiver.url} answered 429 and asked to retry after 2 s`);
  await eventually('the second attempt', () => at.length === 2);
  t.ok(at[1]! - at[0]! >= 1990, `after ${at[1]! - at[0]!} ms`);
});

t.test('redirects are not followed', async (t) => {
  const { receiver, world, post, output } = await setUp(t);
  const elsewhere = await HookReceiver.start(t);
  receiver.answer = (response) => void response.writeHead(307, { Location: elsewhere.url }).end();
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  const told = `${receiver.url} answered 307; redirects are not followed: write the final address in url`;
  await eventually('the refusal', () => output.state().problem === told);
  t.equal(elsewhere.deliveries.length, 0);
});

t.test('an answer without end is cut off, and its status counts', async (t) => {
  const { receiver, world, post, output } = await setUp(t, { timeout: '20s' });
  let sent = 0;
  receiver.answer = (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  };
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the success', () => output.state().state === 'ok');
  t.ok(sent < 100_000_000);
});

t.test('an answer that trickles does not hold up for longer than the timeout', async (t) => {
  const { receiver, world, post, output } = await setUp(t, { timeout: '300ms' });
  receiver.answer = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  };
  post(world.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the success', () => output.state().state === 'ok');
});

t.test('what is no HTTP is told as such', async (t) => {
  for (const [said, expected] of [
    ['nonsense\r\n\r\n', /does not speak HTTP/],
    ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', /closed the connection without an answer/],
    ['', /closed the connection without an answer/],
    [`HTTP/1.1 200 OK\r\n${'X-Long: x\r\n'.repeat(10_000)}\r\n`, /does not speak HTTP \(HPE_HEADER_OVERFLOW\)/],
  ] as const) {
    const server = await tcpServer('127.0.0.1', (stream) => stream.once('data', () => stream.end(said)));
    t.teardown(() => server.close());
    const backends = world();
    const { post, output } = runOutput(t, backends, webhook, { url: `http://127.0.0.1:${server.port}/`, ...quick, timeout: '5s' });
    post(backends.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
    const problem = await eventually('the failure', () => output.state().problem);
    t.match(problem, expected);
  }
});

t.test('over TLS the certificate must be trusted', async (t) => {
  const identity = selfSigned([ownAddress]);
  const receiver = await HookReceiver.start(t, { tls: identity });
  const caFile = join(temporaryFolder(t), 'ca.pem');
  writeFileSync(caFile, identity.cert);
  const backends = world();
  const trusting = runOutput(t, backends, webhook, { url: receiver.url, ...quick, timeout: '5s', ca_file: caFile });
  const strict = runOutput(t, backends, webhook, { url: receiver.url, ...quick, timeout: '5s' });
  const change = backends.turn('web', 'app-0', 'unhealthy', 'connect_refused');
  trusting.post(change);
  strict.post(change);
  await eventually('the one that trusts', () => trusting.output.state().state === 'ok');
  const problem = await eventually('the strict one', () => strict.output.state().problem);
  t.equal(problem, `${receiver.url} has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); name its authority in ca_file`);
  t.equal(receiver.deliveries.length, 1);
});

t.test('user and password of the URL are sent, as are headers, and are never shown', async (t) => {
  const receiver = await HookReceiver.start(t);
  const url = new URL(receiver.url);
  url.username = 'operator';
  url.password = 'pass-wörd';
  url.pathname = '/T000/B000/path-token';
  url.search = '?key=query-token';
  const backends = world();
  const options = { ...quick, headers: { 'X-Api-Key': 'header-token' }, secret: 'signing-secret-of-enough-characters' };
  const { post, output, log } = runOutput(t, backends, webhook, { url: url.href, ...options });
  post(backends.turn('web', 'app-0', 'unhealthy', 'connect_refused'));
  await eventually('the batch', () => output.state().state === 'ok');
  const { headers, path } = receiver.deliveries[0]!;
  t.equal(path, '/T000/B000/path-token?key=query-token');
  t.equal(headers['x-api-key'], 'header-token');
  t.equal(Buffer.from(String(headers.authorization).replace('Basic ', ''), 'base64').toString(), 'operator:pass-wörd');

  const closed = await closedTcpPort('127.0.0.1');
  const failures = [
    { ...options, url: url.href.replace(String(receiver.port), String(closed)) },
    { ...options, url: url.href.replace('http:', 'https:') },
    { ...options, url: url.href.replace(url.hostname, 'no-such-host.invalid') },
  ].map((failing) => runOutput(t, backends, webhook, failing));
  const change = backends.turn('web', 'app-1', 'unhealthy', 'connect_refused');
  for (const failing of failures) failing.post(change);
  for (const failing of failures) await eventually('a failure', () => failing.output.state().problem);
  receiver.answer = (response, { headers }) => void response.writeHead(401, String(headers['x-api-key'])).end(JSON.stringify(headers));
  post(change);
  await eventually('a refusal', () => output.state().problem);
  const shown = JSON.stringify([output.state(), log, ...failures.map((failing) => [failing.output.state(), failing.log])]);
  t.match(shown, 'no-such-host.invalid');
  for (const secret of ['operator', 'pass-w', 'path-token', 'query-token', 'header-token', 'signing-secret']) t.notMatch(shown, secret);
});

t.test('however a receiver answers, fails and stops, it ends at the present state, each backend in order', async (t) => {
  const random = generator(7);
  const backends = world(20);
  const receiver = await HookReceiver.start(t);
  const taken: OutputEvent[] = [];
  receiver.answer = (response, { text }) => {
    const { events } = JSON.parse(text) as { events: OutputEvent[] };
    const fate = random();
    // A request that hangs or is cut off may have been taken all the same.
    if (fate < 0.8) taken.push(...events);
    if (fate < 0.55) response.writeHead(200).end();
    else if (fate < 0.7) setTimeout(() => response.writeHead(200).end(), 50);
    else if (fate < 0.75) response.destroy();
    else if (fate < 0.8) return;
    else response.writeHead(503, { 'Retry-After': '0' }).end();
  };
  const { post, output, view } = runOutput(t, backends, webhook, { url: receiver.url, ...quick, timeout: '150ms', batch_size: 5 });
  for (let step = 0; step < 400; step++) {
    const backend = `app-${Math.floor(random() * 20)}`;
    const to = view.backend('web', backend)!.state === 'healthy' ? 'unhealthy' : 'healthy';
    post(backends.turn('web', backend, to, to === 'healthy' ? 'ok' : 'connect_refused'));
    if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  receiver.answer = (response, { text }) => {
    taken.push(...(JSON.parse(text) as { events: OutputEvent[] }).events);
    response.writeHead(200).end();
  };
  await eventually('it to be up to date', () => output.state().state === 'ok' && output.state().revision === backends.revision);
  const known = new Map<string, OutputEvent>();
  for (const event of taken) {
    const before = known.get(event.backend);
    t.ok(before === undefined || event.revision >= before.revision, 'in order');
    known.set(event.backend, event);
  }
  for (const { backend, state } of view.backends()) if (state !== 'initial') t.equal(known.get(backend)?.to, state, backend);
});

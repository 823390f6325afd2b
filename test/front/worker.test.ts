import { on, once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import type { FrontData, FromFront, ToFront } from '#vitald/messages.js';
import { epoch, reloaded, smallWorld, type FrontWorld } from '../support/front-world.js';
import { Stopwatch } from '../support/stopwatch.js';

function frontData(world: FrontWorld, port = 0, host = '127.0.0.1'): FrontData {
  const plan = world.planMessage();
  return {
    version: '1.2.3',
    nodeVersion: process.version,
    logFormat: 'json',
    logLevel: 'silent',
    plan: { ...plan, plan: { ...plan.plan, server: { ...plan.plan.server, host, port } } },
    epoch: 'e0',
    overrides: [],
    stateDir: undefined,
    stateUnusable: undefined,
    stateProblems: [],
    reload: reloaded,
    startedAt: epoch,
  };
}

function startWorker(t: Test, data: FrontData) {
  const worker = new Worker(resolve('dist/front/worker.js'), { workerData: data });
  t.teardown(() => worker.terminate());
  // From the start on: what comes while nobody waits for it must not be lost.
  const messages = on(worker, 'message')[Symbol.asyncIterator]();
  const exited = once(worker, 'exit');
  const next = async (): Promise<FromFront> => ((await messages.next()).value as [FromFront])[0];
  const post = (message: ToFront): void => worker.postMessage(message);
  return { exited, next, post };
}

t.test('the front thread serves, follows messages, and ends when it is asked to', async (t) => {
  const world = smallWorld();
  const { exited, next, post } = startWorker(t, frontData(world));
  const listening = await next();
  if (listening.type !== 'listening') return t.fail(JSON.stringify(listening));
  const status = async (query = ''): Promise<{ revision: number; backends: { backend: string; state: string }[] }> =>
    (await fetch(`${listening.url}/v1/status${query}`)).json() as never;

  const { revision } = await status();
  const held = status(`?since=${revision}&wait=1m`);
  // Enough for the request to be there; were it not, the answer would be the same.
  await status();
  post({ type: 'changes', changes: [world.turn('web', 'app-3', 'healthy', 'ok')] });
  t.match(await held, { revision: revision + 1, backends: [{ backend: 'app-3', state: 'healthy' }] });

  const waiting = status(`?since=${revision + 1}&wait=1m`);
  await status();
  const watch = await Stopwatch.start();
  post({ type: 'close' });
  t.match(await waiting, { backends: [] }, 'who waits is answered');
  t.same(await next(), { type: 'closed' });
  await exited;
  t.ok(watch.isWithin(2000), `within 2 s, open connections or not: ${String(watch)}`);
});

t.test('a table that grew is read from its new memory', async (t) => {
  const world = smallWorld();
  const { next, post } = startWorker(t, frontData(world));
  const listening = await next();
  if (listening.type !== 'listening') return t.fail(JSON.stringify(listening));
  const steps = [...world.table.grow(1000)];
  t.ok(steps.length > 0);
  const ids = Array.from({ length: 900 }, (_, place) => `n${place}`);
  const changed = fetch(`${listening.url}/v1/status?since=${world.revision}&wait=1m`);
  post(world.reconfigure({ web: { backends: ['app-1', ...ids] } }));
  const answer = (await (await changed).json()) as { backends: object[]; removed: object[] };
  t.equal(answer.backends.length, 900);
  t.equal(answer.removed.length, 3);
});

t.test('an address that cannot be had is told in one sentence', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const inUse = startWorker(t, frontData(smallWorld(), port));
  t.same(await inUse.next(), {
    type: 'failed',
    code: 'address_in_use',
    message: `127.0.0.1:${port} is in use by another program; set server.listen in the configuration, or stop that program`,
  });
  const foreign = startWorker(t, frontData(smallWorld(), 0, '203.0.113.7'));
  t.match(await foreign.next(), {
    type: 'failed',
    code: 'address_not_available',
    message: /203\.0\.113\.7 is not an address of this machine/,
  });
});

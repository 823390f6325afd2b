/** The real daemon on a machine whose wall clock goes back by an hour: what was set for a duration ends after it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { ask, backendPath } from '../support/asking.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { EventStream } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { server } from '../support/two-backends.js';

const preloads = ['wall-clock', 'front-crash'].map(
  (name) => pathToFileURL(join(import.meta.dirname, `../support/preload/${name}.js`)).href,
);
const hourMs = 3_600_000;

/** A daemon with a clock of its own, and backends that nobody probes. */
async function machine(t: Test) {
  const folder = temporaryFolder(t);
  const [clock, crash] = [join(folder, 'clock'), join(folder, 'crash')];
  const setClock = (offMs: number): void => writeFileSync(clock, String(offMs));
  setClock(0);
  const backends = ['app-1', 'app-2'].map((name, place) => ({ name, address: '127.0.0.1', port: 18_001 + place }));
  const config = {
    server: { ...server, state_dir: join(folder, 'state') },
    listeners: [{ name: 'web', check: { enabled: false }, backends }],
  };
  const env = [
    `NODE_OPTIONS=${preloads.map((url) => `--import=${url}`).join(' ')}`,
    `TEST_CLOCK_FILE=${clock}`,
    `TEST_CRASH_FILE=${crash}`,
  ];
  const start = () => RunningDaemon.start(t, folder, { config, within: (command) => ['env', ...env, ...command] });
  return { start, setClock, crashFront: () => writeFileSync(crash, '') };
}

const maintenance = (daemon: RunningDaemon, seconds: number) =>
  ask(daemon, 'PUT', `${backendPath('app-1')}/override`, { mode: 'maintenance', reason: 'test', expires_in_seconds: seconds });
const drain = (daemon: RunningDaemon, seconds: number) =>
  ask(daemon, 'PUT', `${backendPath('app-2')}/weight`, { weight: 0, reason: 'drain', expires_in_seconds: seconds });

const overridesOf = async (daemon: RunningDaemon): Promise<number> =>
  (await daemon.get<{ readonly overrides: readonly unknown[] }>('/v1/overrides')).overrides.length;

const ended = (daemon: RunningDaemon): Promise<true> =>
  eventually('the end of all overrides', async () => (await overridesOf(daemon)) === 0);

t.test('an override and a weight end after their duration, though the wall clock goes back meanwhile', async (t) => {
  const { start, setClock } = await machine(t);
  const daemon = await start();
  await maintenance(daemon, 3);
  await drain(daemon, 2);
  setClock(-hourMs);
  await ended(daemon);
  t.match((await daemon.status()).backends, [{ routable: true }, { routable: true, weight: 1 }]);
  const expired = await daemon.logged(({ action }) => String(action).endsWith('_expired'), 2);
  t.ok(
    expired.every(({ time }) => Date.parse(String(time)) < Date.now() - hourMs / 2),
    'by a clock that was back',
  );
});

t.test('a front thread that crashes meanwhile changes nothing of that, and keeps the epoch', async (t) => {
  const { start, setClock, crashFront } = await machine(t);
  const daemon = await start();
  const before = await daemon.status();
  await maintenance(daemon, 3600);
  // Long enough for the front to come back on a busy machine: what follows is asked while it holds.
  await drain(daemon, 15);
  const known = await daemon.status();
  setClock(-hourMs);
  crashFront();
  await eventually('the crash', () => daemon.complaints.some((line) => line.includes('the test asked for this crash')));
  const again = await daemon.logged(({ msg }) => msg.startsWith('the API listens at'), 2);
  const base = /http:\S+/.exec(again.at(-1)!.msg)![0];
  const status = async (query: string): Promise<Record<string, unknown>> =>
    (await (await fetch(`${base}/v1/status${query}`)).json()) as Record<string, unknown>;
  const { epoch } = known;
  t.match(await status(`?since=${known.revision}&epoch=${epoch}`), { epoch, complete: false, backends: [] }, 'who knew all goes on');
  t.match(
    await status(`?since=${before.revision}&epoch=${epoch}`),
    { epoch, complete: true, backends: [{ routable_because: 'maintenance' }, {}] },
    'who did not is told all: the new front does not know what happened before it',
  );
  const events = await EventStream.open(`${base}/v1/events`, { headers: { 'last-event-id': `${epoch}:${known.revision}` } });
  t.teardown(() => events.cut());
  t.match(await events.received(1), [{ id: `${epoch}:${known.revision + 1}`, type: 'weight', data: { backend: 'app-2', weight: 1 } }]);
});

t.test('after a restart it ends by the wall clock, and after its whole duration at the latest', async (t) => {
  const { start, setClock } = await machine(t);
  const first = await start();
  await maintenance(first, 10);
  await first.stop();
  setClock(-hourMs);
  const second = await start();
  t.equal(await overridesOf(second), 1);
  await ended(second);
  await maintenance(second, 4);
  await second.stop();
  setClock(0);
  const third = await start();
  t.equal(await overridesOf(third), 0, 'the wall clock says that it is over');
});

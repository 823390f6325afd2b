/** The real daemon on a machine whose wall clock goes back by an hour: what was set for a duration ends after it. */
import t from 'tap';
import type { RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { drain, hourMs, machineWithClock, maintenance } from '../support/machine-with-clock.js';

const overridesOf = async (daemon: RunningDaemon): Promise<number> =>
  (await daemon.get<{ readonly overrides: readonly unknown[] }>('/v1/overrides')).overrides.length;

const ended = (daemon: RunningDaemon): Promise<true> =>
  eventually('the end of all overrides', async () => (await overridesOf(daemon)) === 0);

t.test('an override and a weight end after their duration, though the wall clock goes back meanwhile', async (t) => {
  const { start, setClock } = await machineWithClock(t);
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

t.test('after a restart it ends by the wall clock, and after its whole duration at the latest', async (t) => {
  const { start, setClock } = await machineWithClock(t);
  const first = await start();
  await maintenance(first, 3);
  await first.stop();
  setClock(-hourMs);
  const second = await start();
  await ended(second);
  await maintenance(second, 1800);
  await second.stop();
  setClock(0);
  const third = await start();
  t.equal(await overridesOf(third), 0, 'the wall clock says that it is over');
});

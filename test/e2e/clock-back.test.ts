/** The real daemon on a machine whose wall clock is set: what was set for a duration ends after it. */
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

t.test('an override outlasts a wall clock that is set forward beyond its end, and ends after its duration', async (t) => {
  const { start, setClock } = await machineWithClock(t);
  const daemon = await start();
  await maintenance(daemon, 1800);
  await drain(daemon, 3);
  setClock(24 * hourMs);
  await daemon.logged(({ action }) => action === 'weight_expired');
  const { overrides } = await daemon.get<{ overrides: { override: { expires_at: string } | null }[] }>('/v1/overrides');
  t.equal(overrides.length, 1, 'the one of half an hour is still in force');
  const expiresAt = Date.parse(overrides[0]!.override!.expires_at);
  t.ok(Math.abs(expiresAt - (Date.now() + 24 * hourMs + 1_800_000)) < 600_000, 'and shown to end in half an hour by the new clock');

  await daemon.stop();
  const next = await start();
  t.equal(await overridesOf(next), 1, 'a restart by the new clock keeps it');
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

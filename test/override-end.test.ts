import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ControlFile, loadControl } from '#vitald/persistence/control-state.js';
import { instantAfter, instantNow, msUntil, type Instant } from '#vitald/instant.js';
import type { OperatorNote, Override } from '#vitald/messages.js';
import { endAfter, expiryOf, msUntilEnd, resumed, savable, unexpired } from '#vitald/override-end.js';
import { restoreState } from '#vitald/persistence/restore.js';
import { temporaryFolder } from './support/daemon.js';

const hour = 3_600_000;
/** When all of this begins. */
const start: Instant = { wallMs: 1_800_000_000_000, monotonicMs: 5_000_000 };
const who = { by: 'ann', why: 'disk swap', at: start.wallMs };
/** Until a time, as with `expires_at`. */
const until = (wallMs: number): OperatorNote => ({ ...who, expiresAt: wallMs });
/** For a duration, as with `expires_in_seconds`. */
const lasting = (ms: number, from = start): OperatorNote => ({ ...who, ...endAfter(ms, from) });
const maintenance = (adminNote: OperatorNote): Override => ({
  listener: 'web',
  backend: 'app-1',
  admin: 'maintenance',
  weight: undefined,
  adminNote,
});
const withWeight = (override: Override, weightNote: OperatorNote): Override => ({ ...override, weight: 5, weightNote });

/** After some time, with the wall clock set meanwhile. */
const after = (ms: number, setBy = 0): Instant => {
  const { wallMs, monotonicMs } = instantAfter(start, ms);
  return { wallMs: wallMs + setBy, monotonicMs };
};

t.test('mode and weight end each at their time, and what has no end stays', async (t) => {
  const both = withWeight(maintenance(lasting(hour)), { ...who, expiresAt: undefined });
  t.same(unexpired(both, after(hour - 1)), both);
  t.same(unexpired(both, after(hour)), { listener: 'web', backend: 'app-1', admin: 'none', weight: 5, weightNote: both.weightNote });
  t.equal(unexpired(maintenance(lasting(hour)), after(hour)), undefined, 'where nothing is left, nothing is');
  t.equal(unexpired(withWeight(maintenance(lasting(hour)), lasting(hour / 2)), after(hour / 2))?.weight, undefined);
  t.equal(msUntilEnd(maintenance({ ...who, expiresAt: undefined }), start), Infinity);
  t.equal(msUntilEnd(withWeight(maintenance(lasting(hour)), lasting(hour / 2)), after(1000)), hour / 2 - 1000);
});

t.test('what was set for a duration ends after that duration, however the wall clock is set', async (t) => {
  const override = maintenance(lasting(hour));
  const cases: [what: string, now: Instant, msLeft: number][] = [
    ['no clock was set', after(hour - 1), 1],
    ['the wall clock went back by a day', after(hour - 1, -24 * hour), 1],
    ['the wall clock went back by a day, and the hour is over', after(hour, -24 * hour), 0],
    ['the wall clock went forward', after(1000, hour / 2), hour - 1000],
    ['the wall clock went forward by half a century, as after a start in 1970', after(1000, 500_000 * hour), hour - 1000],
    ['the wall clock went forward, and the hour is over', after(hour, 24 * hour), 0],
  ];
  for (const [what, now, msLeft] of cases) {
    t.equal(msUntilEnd(override, now), msLeft, what);
    t.equal(unexpired(override, now) === undefined, msLeft <= 0, what);
    t.equal(unexpired({ ...withWeight(override, lasting(hour)), admin: 'none' }, now) === undefined, msLeft <= 0, `${what}: a weight`);
  }
});

t.test('the end by the wall clock follows the clock when that is set, and is saved so', async (t) => {
  const note = lasting(hour);
  t.equal(expiryOf(note, after(1000)), start.wallMs + hour);
  t.equal(expiryOf(note, after(1000, 10)), start.wallMs + hour, 'rounding is no step of the clock');
  t.equal(expiryOf(note, after(1000, 24 * hour)), start.wallMs + 25 * hour);
  t.equal(expiryOf(note, after(1000, -24 * hour)), start.wallMs - 23 * hour);
  t.equal(expiryOf(until(5), after(1000, 24 * hour)), 5, 'a time that was given stays what it is');
  t.equal(expiryOf({ expiresAt: undefined }, start), undefined);
  t.equal(savable(maintenance(note), after(1000, 24 * hour)).adminNote?.expiresAt, start.wallMs + 25 * hour);
});

t.test('what was set until a time ends at that time, however the clock is set', async (t) => {
  const override = maintenance(until(start.wallMs + hour));
  t.equal(msUntilEnd(override, after(2 * hour, -3 * hour)), 2 * hour);
  t.equal(msUntilEnd(override, after(1000, hour)), -1000);
});

t.test('a later process ends it by the wall clock, and after the whole duration at the latest', async (t) => {
  const saved = savable(maintenance(lasting(hour)), start);
  /** Another process: its monotonic clock may say anything. */
  const other = (wallMs: number, monotonicMs = 17): Instant => ({ wallMs: start.wallMs + wallMs, monotonicMs });
  const right = resumed(saved, other(1000));
  t.equal(msUntilEnd(right, other(1000)), hour - 1000);
  t.equal(msUntilEnd(right, other(hour, 17 + hour - 1000)), 0, 'both clocks end it together');
  t.equal(msUntilEnd(right, other(-5 * hour, 17 + hour - 1000)), 0, 'the wall clock that goes back later does not keep it');
  const wentBack = resumed(saved, other(-5 * hour));
  t.equal(msUntilEnd(wentBack, other(-5 * hour)), hour, 'it was back at the start already');
  const noDuration = maintenance(until(start.wallMs + hour));
  t.same(resumed(noDuration, other(0)), noDuration);
  t.same(resumed(maintenance({ ...who, expiresAt: undefined }), other(0)), maintenance({ ...who, expiresAt: undefined }));
});

t.test('the duration outlives the process, its monotonic end does not', async (t) => {
  const dir = temporaryFolder(t);
  const now = instantNow();
  const overrides = [withWeight(maintenance(lasting(hour, now)), lasting(2 * hour, now)), { ...maintenance(until(5)), backend: 'app-2' }];
  await new ControlFile(dir).save(() => ({ overrides, runtime: [] }));
  t.notMatch(readFileSync(join(dir, 'control.json'), 'utf8'), /endsAtMs/);
  t.same(
    (await loadControl(dir)).state.overrides,
    overrides.map((one) => savable(one, now)),
  );

  const current = maintenance(lasting(hour, now));
  await new ControlFile(dir).save(() => ({ overrides: [current], runtime: [] }));
  const later = { wallMs: now.wallMs - 24 * hour, monotonicMs: 3 };
  const restored = await restoreState(dir, { processId: 1, now: later });
  t.teardown(() => restored.folder.release());
  t.same(restored.control.overrides, [maintenance({ ...lasting(hour, now), endsAtMs: 3 + hour })]);
});

t.test('instants of one thread are comparable with those of another', async (t) => {
  const { Worker } = await import('node:worker_threads');
  const before = instantNow();
  const url = new URL('../../dist/instant.js', import.meta.url).href;
  const worker = new Worker(
    `import('${url}').then(({ instantNow }) => require('node:worker_threads').parentPort.postMessage(instantNow()))`,
    {
      eval: true,
    },
  );
  const there = await new Promise<Instant>((resolve) => worker.once('message', resolve));
  const now = instantNow();
  t.ok(there.monotonicMs >= before.monotonicMs && there.monotonicMs <= now.monotonicMs, JSON.stringify([before, there, now]));
  t.ok(msUntil(there, now) <= 0);
});

/** What every kind of probe must keep to (src/probes/probe.ts, design invariants 2 and 4), whatever it probes with. */
import type { Test } from 'tap';
import type { ProbeKind } from '#vitald/probes/probe.js';
import { Bench, until, type Ended } from '../support/real-context.js';
import { Stopwatch } from '../support/stopwatch.js';
import type { Backend, ContractSubject } from './subjects.js';

/** How long a probe may run in these tests. */
const timeoutMs = 150;
/** What a timer and the work of ending twenty probes at once may add on an idle machine. */
const toleranceMs = 200;

export function probeContract(t: Test, kind: ProbeKind, subject: ContractSubject): void {
  t.test(`${kind.name} ${JSON.stringify(subject.options)}`, async (t) => {
    t.test('done is called exactly once, within the deadline, on every misbehaviour', (t) => misbehaves(t, kind, subject));
    t.test('a canceled probe never calls done and leaves nothing open', (t) => isCanceled(t, kind, subject));
    t.test('a closed probe never calls done and leaves nothing open', (t) => isClosed(t, kind, subject));
    t.test('the next probe may start from within done', (t) => startsAgain(t, kind, subject));
    t.test('a backend that hangs does not delay 200 others', (t) => runsInParallel(t, kind, subject));
  });
}

async function misbehaves(t: Test, kind: ProbeKind, subject: ContractSubject): Promise<void> {
  const bench = new Bench(kind);
  const names = Object.keys(subject.misbehaving);
  const backends = await Promise.all(names.map((name) => subject.misbehaving[name]!()));
  const targets = backends.map((backend) => bench.target(backend, { options: subject.options, timeoutMs }));
  const watch = await Stopwatch.start();
  const ended = await Promise.all(targets.map((target) => bench.probeTarget(target, timeoutMs)));
  watch.stop();
  // Twice: what is left of the first probe must not reach the second one.
  await Promise.all(targets.map((target) => bench.probeTarget(target, timeoutMs)));
  names.forEach((name, place) => {
    const { reason, detail, tookMs } = ended[place]!;
    t.ok(tookMs < watch.scaled(timeoutMs + toleranceMs), `${name}: ${reason} after ${Math.round(tookMs)} of ${String(watch)}`);
    t.equal(bench.doneCount.get(targets[place]!.slot), 2, `${name}: done once for each start`);
    t.notMatch(detail, /[\u0000-\u001f\u007f-\u009f]/, `${name}: the detail is fit to be shown`);
  });
  for (const target of targets) bench.probe.cancel(target);
  bench.close();
  await nothingOpen(backends);
}

async function isCanceled(t: Test, kind: ProbeKind, subject: ContractSubject): Promise<void> {
  const bench = new Bench(kind);
  const backends = await Promise.all([subject.healthy(), ...(subject.hanging ? [subject.hanging()] : [])]);
  // Each turn of the event loop is another point at which the probe may be.
  for (let turns = 0; turns < 30; turns++) {
    for (const backend of backends) {
      const target = bench.target(backend, { options: subject.options });
      let canceled = false;
      bench.start(target, 5000, () => t.notOk(canceled, 'done after cancel'));
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      canceled = true;
      bench.probe.cancel(target);
      bench.probe.cancel(target);
    }
  }
  await nothingOpen(backends);
  bench.close();
}

async function isClosed(t: Test, kind: ProbeKind, subject: ContractSubject): Promise<void> {
  const backends = await Promise.all([subject.healthy(), ...(subject.hanging ? [subject.hanging()] : [])]);
  for (let turns = 0; turns < 30; turns++) {
    const bench = new Bench(kind);
    let closed = false;
    for (const backend of backends) {
      bench.start(bench.target(backend, { options: subject.options }), 5000, () => t.notOk(closed, 'done after close'));
    }
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    closed = true;
    bench.close();
    bench.probe.close();
  }
  await nothingOpen(backends);
}

async function startsAgain(t: Test, kind: ProbeKind, subject: ContractSubject): Promise<void> {
  const bench = new Bench(kind);
  const backend = await subject.healthy();
  const target = bench.target(backend, { options: subject.options });
  const outcomes: string[] = [];
  await new Promise<void>((resolve) => {
    const next = (): void =>
      bench.start(target, 5000, ({ reason }) => {
        outcomes.push(reason);
        if (outcomes.length < 20) next();
        else resolve();
      });
    next();
  });
  t.same(new Set(outcomes), new Set(['ok']));
  t.equal(bench.doneCount.get(target.slot), 20);
  bench.close();
  await nothingOpen([backend]);
}

async function runsInParallel(t: Test, kind: ProbeKind, subject: ContractSubject): Promise<void> {
  const bench = new Bench(kind);
  const backend = await subject.healthy();
  const hanging = await subject.hanging?.();
  let hangs: Ended | undefined;
  const slow = hanging && bench.target(hanging, { options: subject.options });
  if (slow) bench.start(slow, 60_000, (ended) => (hangs = ended));
  const ended = await Promise.all(Array.from({ length: 200 }, () => bench.run(backend, { options: subject.options, timeoutMs: 30_000 })));
  t.same(new Set(ended.map(({ reason }) => reason)), new Set(['ok']));
  t.equal(hangs, undefined, 'the hanging one was still waited for');
  bench.close();
  await nothingOpen([backend, ...(hanging ? [hanging] : [])]);
}

/** The backends themselves see that no connection is left. */
async function nothingOpen(backends: readonly Backend[]): Promise<void> {
  await until(() => backends.every(({ open }) => (open ?? 0) === 0));
  await Promise.all(backends.map((backend) => backend.close()));
}

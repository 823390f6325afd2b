import t, { type Test } from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import type { Probe, ProbeKind, Target } from '#vitald/probes/probe.js';
import { ManualContext } from '../../support/manual-context.js';
import { until } from '../../support/real-context.js';
import { targetOf } from '../../support/run-probe.js';
import { attemptsTo, silentTcpPort, type SilentPort } from '../../support/silent-port.js';

interface World {
  readonly context: ManualContext;
  readonly probe: Probe;
  readonly target: Target;
  readonly silent: SilentPort;
  /** What `done` was called with. */
  readonly ended: readonly Reason[];
  /** Waits until so many connections are attempted and not answered. */
  readonly attempts: (count: number) => Promise<void>;
  /** Moves time to the slot's timer. */
  readonly timer: () => void;
}

/** A probe of a backend whose kernel has dropped its first SYN. */
async function afterLostSyn(t: Test, kind: ProbeKind, timeoutMs: number): Promise<World> {
  const silent = await silentTcpPort();
  const context = new ManualContext();
  const probe = kind.create(context);
  t.teardown(() => {
    probe.close();
    silent.close();
  });
  const target = targetOf(probe, { port: silent.port, timeoutMs });
  const ended: Reason[] = [];
  probe.start(target, timeoutMs, (_target, reason) => ended.push(reason));
  const attempts = async (count: number): Promise<void> => {
    await until(() => attemptsTo(silent.port).length === count);
    // What the kernel knows by now, the probe is told in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const timer = (): void => {
    context.advance();
    probe.onTimer(target, context.nowMs);
  };
  await attempts(1);
  return { context, probe, target, silent, ended, attempts, timer };
}

for (const [kind, connected] of [
  [httpKind, 'response_timeout'],
  [httpsKind, 'tls_timeout'],
] as const) {
  t.test(`${kind.name}: half-way to the deadline a second connection is attempted, and can get through`, async (t) => {
    const { context, silent, ended, attempts, timer } = await afterLostSyn(t, kind, 1000);
    // Room in the queue now that the first SYN was dropped: the kernel itself would repeat it only after a second.
    silent.makeRoom();
    timer();
    t.equal(context.nowMs, 500);
    // The attempt that did not get through is given up.
    await attempts(0);
    timer();
    t.equal(context.nowMs, 1000);
    t.same(ended, [connected], 'the backend accepts, and then is silent');
    t.equal(context.dueMs, undefined);
  });

  t.test(`${kind.name}: both attempts end with the probe`, async (t) => {
    const { ended, attempts, timer } = await afterLostSyn(t, kind, 1000);
    timer();
    await attempts(2);
    t.same(ended, []);
    timer();
    t.same(ended, ['connect_timeout']);
    await attempts(0);
  });
}

t.test('both attempts of a canceled probe are given up', async (t) => {
  const { context, probe, target, ended, attempts, timer } = await afterLostSyn(t, httpKind, 1000);
  timer();
  await attempts(2);
  probe.cancel(target);
  await attempts(0);
  t.same(ended, []);
  t.equal(context.dueMs, undefined);
});

t.test('closing the probe gives up both attempts', async (t) => {
  const { probe, ended, attempts, timer } = await afterLostSyn(t, httpKind, 1000);
  timer();
  await attempts(2);
  probe.close();
  await attempts(0);
  t.same(ended, []);
});

t.test('from a timeout of 1.5 s on the kernel repeats its SYN by itself in time: one attempt', async (t) => {
  const { context, ended, timer } = await afterLostSyn(t, httpKind, 1500);
  timer();
  t.equal(context.nowMs, 1500);
  t.same(ended, ['connect_timeout']);
});

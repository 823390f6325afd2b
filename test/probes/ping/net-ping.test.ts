import t from 'tap';
import { NetPingProbe } from '#vitald/probes/ping/net-ping.js';
import { runProbe, targetOf, TimerContext } from '../../support/run-probe.js';

function create(): { context: TimerContext; probe: NetPingProbe } {
  const context = new TimerContext();
  return { context, probe: new NetPingProbe(context) };
}

const { probe: tried } = create();
const unready = tried.ready(tried.compile({ timeoutMs: 100, source: undefined, interface: undefined, options: {} })).error;
tried.close();
const skip = unready !== undefined && unready;

for (const address of ['127.0.0.1', '::1']) {
  t.test(`an echo to ${address} comes back`, { skip }, async (t) => {
    const { context, probe } = create();
    t.teardown(() => probe.close());
    const result = await runProbe(context, probe, { address, port: 0, timeoutMs: 5000 });
    t.match(result, { reason: 'ok', detail: '' });
    t.ok(result.rttMs >= 0 && result.rttMs <= result.tookMs, `${result.rttMs} of ${result.tookMs} ms`);
    t.match(await runProbe(context, probe, { address, port: 0, timeoutMs: 5000 }), { reason: 'ok' }, 'and again by the same session');
  });
}

t.test('a canceled echo is silent, and closing frees the session', { skip }, async (t) => {
  const { context, probe } = create();
  const target = targetOf(probe, { port: 0, timeoutMs: 5000 });
  probe.start(target, context.now() + 5000, () => t.fail('canceled'));
  probe.cancel(target);
  t.equal(context.armed, 0);
  t.match(await runProbe(context, probe, { port: 0, timeoutMs: 5000 }), { reason: 'ok' });
  probe.start(target, context.now() + 5000, () => t.fail('closed'));
  probe.close();
  t.equal(context.armed, 0);
});

t.test('the deadline ends an echo without an answer', { skip }, async (t) => {
  const { context, probe } = create();
  t.teardown(() => probe.close());
  const target = targetOf(probe, { port: 0, timeoutMs: 5000 });
  const reasons: string[] = [];
  probe.start(target, context.now() + 5000, (_target, reason) => reasons.push(reason));
  // Before the answer can be read: this turn is not over.
  probe.onTimer(target);
  t.same(reasons, ['ping_timeout']);
});

t.test('source and interface are refused, for net-ping cannot bind', async (t) => {
  const { probe } = create();
  for (const settings of [{ source: '127.0.0.1' }, { interface: 'lo' }]) {
    const compiled = probe.compile({ timeoutMs: 100, source: undefined, interface: undefined, options: {}, ...settings });
    t.match(probe.ready(compiled), { method: 'echo', error: /leave `source` and `interface` out/ });
  }
});

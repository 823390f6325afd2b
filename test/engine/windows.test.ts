import t from 'tap';
import type { Pace } from '#vitald/schedule/pacing.js';
import { conformanceCases } from '../support/conformance.js';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

interface Case {
  name: string;
  pace: Pace;
  timeout_s: number;
  interval_s: number;
  threshold: number;
  kind: 'pass' | 'fail';
  response_s: number | null;
  expect_s: number;
}

const id = '10.0.0.1:80';

for (const c of conformanceCases<Case>('windows')) {
  t.test(`window: ${c.name}`, async (t) => {
    const check = {
      pace: c.pace,
      timeoutMs: c.timeout_s * 1000,
      intervalMs: c.interval_s * 1000,
      healthyThreshold: c.threshold,
      unhealthyThreshold: c.threshold,
      initialPasses: 1,
    };
    const world = new EngineWorld(planOf(listenerOf('web', [backendOf('10.0.0.1')], { check })));
    const old = c.kind === 'fail' ? 'healthy' : 'unhealthy';
    world.probe.behave('10.0.0.1', c.kind === 'fail' ? { afterMs: 0 } : { afterMs: 0, reason: 'connect_refused' });
    world.untilState('web', id, old);
    world.probe.behave('10.0.0.1', {
      afterMs: c.response_s === null ? null : c.response_s * 1000,
      reason: c.kind === 'fail' ? 'connect_refused' : 'ok',
    });
    const before = world.probe.starts.length;
    world.untilState('web', id, c.kind === 'fail' ? 'unhealthy' : 'healthy');
    const took = (world.clock.now() - world.probe.starts[before]!.at) / 1000;
    t.ok(Math.abs(took - c.expect_s) <= 0.003, `${String(took)} s, documented ${String(c.expect_s)} s (± one tick for each timer)`);
    t.equal(world.probe.starts.length - before, c.threshold, 'the threshold’s number of probes');
  });
}

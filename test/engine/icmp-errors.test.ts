import t from 'tap';
import { EngineWorld } from '../support/engine-world.js';
import { backendOf, listenerOf, planOf } from '../support/plans.js';

const id = '10.0.0.1:80';
const plan = planOf(listenerOf('web', [backendOf('10.0.0.1')]));
const prohibited = 'ICMP communication administratively prohibited';

/** One probe after the other, each of which behaves as it is told. */
function checked(): { world: EngineWorld; probe: (reason: 'ok' | 'connect_timeout' | 'admin_prohibited') => string } {
  const world = new EngineWorld(plan);
  world.clock.advance(500);
  return {
    world,
    probe: (reason) => {
      const isRefused = reason === 'admin_prohibited';
      world.probe.behave('10.0.0.1', { afterMs: 0, reason, ...(isRefused && { detail: prohibited, icmp: prohibited }) });
      world.clock.advance(1000);
      return world.status('web', id).lastProbe!.detail;
    },
  };
}

t.test('a backend whose firewall rejects only some probes keeps the reason in the detail of the others', async (t) => {
  const { probe } = checked();
  t.equal(probe('connect_timeout'), '');
  t.equal(probe('admin_prohibited'), prohibited);
  t.equal(probe('connect_timeout'), `${prohibited} 1 s ago`);
  t.equal(probe('connect_timeout'), `${prohibited} 2 s ago`);
});

t.test('a pass ends that', async (t) => {
  const { probe } = checked();
  probe('admin_prohibited');
  probe('ok');
  t.equal(probe('connect_timeout'), '');
});

t.test('a backend that leaves takes it along', async (t) => {
  const { world: engine, probe } = checked();
  probe('admin_prohibited');
  engine.apply(planOf(listenerOf('web', [])));
  engine.apply(plan);
  t.equal(probe('connect_timeout'), '');
});

t.test('an error that is only remembered does not count while the link is down, one that comes does', async (t) => {
  const { world } = checked();
  world.clock.advance(2000);
  world.network.setLink(2, false, world.clock.now());
  const reasonWhen = (rttMs: number): string => {
    world.probe.behave('10.0.0.1', { afterMs: 0, reason: 'port_unreachable', rttMs });
    world.clock.advance(1000);
    return world.status('web', id).lastProbe!.reason;
  };
  t.equal(reasonWhen(0.5), 'port_unreachable');
  t.equal(reasonWhen(NaN), 'checker_offline');
});

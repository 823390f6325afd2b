import t, { type Test } from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import { FrontState } from '#vitald/front/view/state.js';
import { epoch, FrontWorld, reloaded, type Sketch } from '../../support/front-world.js';

function viewOf(sketch: Sketch) {
  const world = new FrontWorld(sketch);
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const reload = (next: Sketch): void => state.applyPlan(world.reconfigure(next));
  return { world, state, reload, view: new BackendsView(state, completeBody) };
}

const names = (count: number, prefix = 'b'): string[] => Array.from({ length: count }, (_, place) => `${prefix}${place}`);

/** Says something of each backend. */
function judge(world: FrontWorld, listener: string, backends: readonly string[]): void {
  for (const backend of backends) world.turn(listener, backend, 'healthy', 'ok');
}

t.test('after a start a listener settles with the last of its first verdicts', async (t) => {
  const { world, view } = viewOf({
    web: { backends: names(3) },
    off: { backends: ['x'], check: { enabled: false } },
    empty: { backends: [] },
  });
  t.notOk(view.isSettled('web'));
  t.ok(view.isSettled('off'), 'nothing is to be waited for');
  t.ok(view.isSettled('empty'));
  t.notOk(view.isSettled('none'), 'of what is not there nothing is known');
  judge(world, 'web', ['b0', 'b1']);
  t.notOk(view.isSettled('web'), 'one of three without a verdict');
  t.notOk(view.isSettled());
  world.turn('web', 'b2', 'unhealthy', 'connect_refused');
  t.ok(view.isSettled('web'));
  t.ok(view.isSettled());
});

t.test('one that passes and fails in turn is waited for only as long as a verdict takes', async (t) => {
  const { world, view } = viewOf({ web: { backends: names(1) } });
  world.probe('web', 'b0', 'ok', 1);
  world.probe('web', 'b0', 'connect_refused');
  t.notOk(view.isSettled('web'));
  world.probe('web', 'b0', 'ok', 1);
  t.ok(view.isSettled('web'), 'three probes, as its thresholds ask for');
});

t.test('a checker that cannot probe never says that everything is down', async (t: Test) => {
  const { world, view } = viewOf({ web: { backends: names(2) } });
  for (let times = 0; times < 100; times++) {
    for (const backend of names(2)) world.probe('web', backend, 'checker_permission', NaN, '', 0);
  }
  t.notOk(view.isSettled('web'));
});

t.test('backends that operators or the configuration decide for are not waited for', async (t) => {
  const { world, view } = viewOf({ web: { backends: names(4) } });
  const { table } = world;
  table.recordRouting(world.row('web', 'b0').slot, false, 'maintenance');
  table.recordRouting(world.row('web', 'b1').slot, true, 'forced_healthy');
  table.recordRouting(world.row('web', 'b2').slot, true, 'initial');
  t.notOk(view.isSettled('web'));
  table.recordRouting(world.row('web', 'b3').slot, false, 'weight_zero');
  t.ok(view.isSettled('web'));
});

t.test('some backends that come do not freeze the others; a pool that is replaced is waited for', async (t) => {
  const { world, view, reload } = viewOf({ web: { backends: names(4) } });
  judge(world, 'web', names(4));
  t.ok(view.isSettled('web'));
  reload({ web: { backends: [...names(4), ...names(4, 'new')] } });
  t.ok(view.isSettled('web'), 'half of them are new');
  reload({ web: { backends: names(4, 'other') } });
  t.notOk(view.isSettled('web'), 'all of them are new: nobody has found them ill');
  judge(world, 'web', ['other0', 'other1']);
  t.ok(view.isSettled('web'));
});

t.test('a list that is read over several turns is of one plan, without those that have gone', async (t) => {
  const { world, view, reload } = viewOf({ web: { backends: names(4) }, dns: { backends: ['d'] } });
  judge(world, 'web', names(4));
  const read = view.backends();
  t.equal((read.next().value as { backend: string }).backend, 'b0');
  reload({ web: { backends: ['b0', 'b1', 'b3', 'late'] } });
  world.turn('web', 'late', 'unhealthy', 'connect_refused');
  t.same(
    [...read].map(({ backend }) => backend),
    ['b1', 'b3'],
  );
  t.same(
    [...view.backends()].map(({ backend }) => backend),
    ['b0', 'b1', 'b3', 'late'],
  );
});

import t from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import type { EventKind, OutputEvent } from '#vitald/front/outputs/output-event.js';
import { mostWaiting, WaitingEvents } from '#vitald/front/outputs/waiting-events.js';
import { FrontState } from '#vitald/front/view/state.js';
import type { Change, PlanMessage } from '#vitald/messages.js';
import { epoch, FrontWorld, reloaded } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

function waitingOn(world: FrontWorld, wanted: readonly EventKind[] = ['state']) {
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const view = new BackendsView(state, completeBody);
  const waiting = new WaitingEvents({ view, wanted: new Set(wanted), since: undefined });
  const post = (...changes: readonly Change[]): void => {
    state.applyChanges(changes);
    waiting.add(changes);
  };
  const reconfigure = (plan: PlanMessage): void => {
    state.applyPlan(plan);
    waiting.add(plan.changes);
  };
  return { waiting, view, post, reconfigure };
}

/** Takes all, as if every delivery went well. */
function deliverAll(waiting: WaitingEvents, most = 100): OutputEvent[] {
  const all: OutputEvent[] = [];
  for (let page = waiting.take(most); page !== undefined; page = waiting.take(most)) {
    all.push(...page.events);
    waiting.delivered();
  }
  return all;
}

const short = ({ event, backend, from, to, missed }: OutputEvent) =>
  `${backend} ${event} ${from} → ${to}${missed === 0 ? '' : ` (${missed})`}`;

t.test('while all goes well, each transition is an event, also several of one backend', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  const { waiting, post } = waitingOn(world);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused', 'nobody'), world.turn('web', 'b', 'healthy', 'ok'));
  post(world.turn('web', 'a', 'healthy', 'ok'));
  t.equal(waiting.count, 3);
  const events = deliverAll(waiting);
  t.same(events.map(short), ['a state initial → unhealthy', 'b state initial → healthy', 'a state unhealthy → healthy']);
  t.match(events[0], {
    reason: 'connect_refused',
    detail: 'nobody',
    run_length: 3,
    address: '10.0.0.1',
    port: 80,
    weight: 10,
    routable: false,
  });
  t.ok(waiting.isEmpty);
  t.equal(waiting.toldUpTo, world.revision);
});

t.test('after a failure the other side is brought from the state that it knows to the present one', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const { waiting, post } = waitingOn(world);
  post(world.turn('web', 'a', 'healthy', 'ok'));
  deliverAll(waiting);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'), world.turn('web', 'b', 'unhealthy', 'connect_timeout'));
  waiting.take(100);
  waiting.failed();
  post(world.turn('web', 'a', 'healthy', 'ok'));
  post(world.turn('web', 'a', 'unhealthy', 'status_mismatch', 'HTTP 500'));
  t.equal(waiting.count, undefined, 'nothing is kept for it');
  const events = deliverAll(waiting);
  t.same(events.map(short), ['b state initial → unhealthy', 'a state healthy → unhealthy (2)']);
  t.match(events[1], { reason: 'status_mismatch', detail: 'HTTP 500', revision: world.revision });
  t.equal(waiting.count, 0, 'then each transition is an event again');
});

t.test('a failure while it catches up goes on from what was delivered', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const { waiting, post } = waitingOn(world);
  post(...['a', 'b', 'c'].map((backend) => world.turn('web', backend, 'healthy', 'ok')));
  waiting.take(1);
  waiting.failed();
  t.same(waiting.take(1)!.events.map(short), ['a state initial → healthy']);
  waiting.delivered();
  waiting.take(1);
  waiting.failed();
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  t.same(deliverAll(waiting).map(short), ['b state initial → healthy', 'c state initial → healthy', 'a state healthy → unhealthy']);
});

t.test('too many for the queue are told by state, and none is lost', async (t) => {
  const backends = Array.from({ length: mostWaiting + 500 }, (_, nth) => `app-${nth}`);
  const world = new FrontWorld({ web: { backends } }, backends.length);
  const { waiting, post } = waitingOn(world);
  post(...backends.map((backend) => world.turn('web', backend, 'unhealthy', 'connect_timeout')));
  t.equal(waiting.count, undefined);
  const events = deliverAll(waiting, 1000);
  t.same(
    events.map(({ backend, from, to, reason }) => [backend, from, to, reason]),
    backends.map((backend) => [backend, 'initial', 'unhealthy', 'connect_timeout']),
  );
  t.equal(waiting.count, 0);
});

t.test('what changed before there was an output is told, where it is news', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  const { view, post } = waitingOn(world);
  const since = view.revision;
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  const late = new WaitingEvents({ view, wanted: new Set(['state']), since });
  t.notOk(late.isEmpty);
  t.same(deliverAll(late).map(short), ['a state initial → unhealthy']);
});

t.test('only what is wanted is told', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a'] } });
  const all = waitingOn(world, ['state', 'routing', 'weight', 'membership']);
  const one = waitingOn(world);
  const routing: Change = {
    ...world.turn('web', 'a', 'healthy', 'ok'),
    what: 'routing',
    from: 'healthy',
    routable: false,
    because: 'maintenance',
  };
  all.post(routing);
  one.post(routing);
  t.same(deliverAll(all.waiting).map(short), ['a routing healthy → healthy']);
  t.same(deliverAll(one.waiting), []);
  t.equal(one.waiting.toldUpTo, routing.revision, 'what is not wanted counts as told');

  const plan = world.reconfigure({ web: { backends: ['b'] } });
  all.reconfigure(plan);
  one.reconfigure(plan);
  t.same(deliverAll(all.waiting).map(short), ['a removed healthy → null', 'b added initial → initial']);
  t.same(deliverAll(one.waiting), []);
});

t.test('a backend that goes while it waits is told as gone', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  const { waiting, post, reconfigure } = waitingOn(world, ['state', 'membership']);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  waiting.take(10);
  waiting.failed();
  reconfigure(world.reconfigure({ web: { backends: ['b'] } }));
  t.same(deliverAll(waiting).map(short), ['a removed null → null']);
});

t.test('at the start all that have a verdict are told; the others when they get one', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const first = [world.turn('web', 'a', 'healthy', 'ok'), world.turn('web', 'b', 'unhealthy', 'connect_refused')];
  const { waiting, post } = waitingOn(world);
  t.equal(first.length, 2);
  waiting.addAll();
  t.same(deliverAll(waiting).map(short), ['a present healthy → healthy', 'b present unhealthy → unhealthy']);
  post(world.turn('web', 'c', 'healthy', 'ok'));
  t.same(deliverAll(waiting).map(short), ['c state initial → healthy']);
});

t.test('whatever fails and comes meanwhile, each backend ends at its state, in order', async (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = generator(seed);
    const backends = Array.from({ length: 20 }, (_, nth) => `app-${nth}`);
    const world = new FrontWorld({ web: { backends } });
    const { waiting, post, view } = waitingOn(world);
    const known = new Map<string, OutputEvent>();
    const learn = (events: readonly OutputEvent[]): void => {
      for (const event of events) {
        const before = known.get(event.backend);
        if (before !== undefined) {
          t.ok(event.revision >= before.revision, `seed ${seed}: in order`);
          // After a failure nobody knows what was taken: the state before is that of the last certain delivery.
          if (event.revision === before.revision) t.equal(event.to, before.to);
        }
        known.set(event.backend, event);
      }
    };
    for (let step = 0; step < 400; step++) {
      if (random() < 0.6) {
        const backend = backends[Math.floor(random() * backends.length)]!;
        const to = view.backend('web', backend)!.state === 'healthy' ? 'unhealthy' : 'healthy';
        post(world.turn('web', backend, to, to === 'healthy' ? 'ok' : 'connect_refused'));
      }
      const page = random() < 0.5 ? waiting.take(1 + Math.floor(random() * 5)) : undefined;
      if (page === undefined) continue;
      const fate = random();
      if (fate < 0.7) learn(page.events);
      // A failure may mean that it was taken and the answer was lost.
      if (fate < 0.6) waiting.delivered();
      else waiting.failed();
    }
    learn(deliverAll(waiting, 3));
    for (const backend of backends) {
      const { state } = view.backend('web', backend)!;
      if (state !== 'initial') t.equal(known.get(backend)?.to, state, `seed ${seed}: ${backend}`);
    }
  }
});

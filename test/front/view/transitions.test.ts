import t from 'tap';
import { InternedTexts } from '#vitald/front/view/interned.js';
import { TransitionHistory, transitionsKept } from '#vitald/front/view/transitions.js';
import type { Change } from '#vitald/messages.js';

let revision = 0;

function turn(slot: number, more: Partial<Change> = {}): Change {
  revision++;
  return {
    revision,
    slot,
    listener: 'web',
    backend: `b${slot}`,
    what: 'state',
    at: revision * 1000,
    from: 'healthy',
    to: 'unhealthy',
    routable: false,
    because: 'unhealthy',
    stale: false,
    reason: 'connect_refused',
    detail: `detail ${revision}`,
    runLength: 3,
    ...more,
  };
}

const revisions = (history: TransitionHistory, slot: number): number[] => history.of(slot).map((transition) => transition.revision);

t.test('the newest transitions of each backend are kept, newest first', async (t) => {
  const history = new TransitionHistory();
  const made = Array.from({ length: 40 }, (_, place) => turn(place % 2));
  for (const change of made) history.record(change);
  for (const slot of [0, 1]) {
    const own = made.filter((change) => change.slot === slot).map((change) => change.revision);
    t.same(revisions(history, slot), own.toReversed().slice(0, transitionsKept));
  }
  t.same(history.of(2), []);
});

t.test('a transition is told with all that decided it', async (t) => {
  const history = new TransitionHistory();
  const { revision, at } = turn(0);
  history.record(turn(5, { revision, at, detail: 'refused' }));
  t.same(history.of(5), [{ revision, at, from: 'healthy', to: 'unhealthy', reason: 'connect_refused', detail: 'refused', runLength: 3 }]);
  const { slot, listener, backend, routable, because } = turn(6);
  history.record({
    revision,
    slot,
    listener,
    backend,
    what: 'state',
    at,
    from: 'healthy',
    to: 'disabled',
    routable,
    because,
    stale: false,
  });
  t.same(
    history.of(6),
    [{ revision, at, from: 'healthy', to: 'disabled', reason: undefined, detail: '', runLength: undefined }],
    'no probe decided: checks were switched off',
  );
});

t.test('other changes are no transitions', async (t) => {
  const history = new TransitionHistory();
  for (const what of ['added', 'routing', 'weight'] as const) history.record(turn(0, { what }));
  t.same(history.of(0), []);
});

t.test('a backend that was removed takes its own along, and whoever gets its slot begins with none', async (t) => {
  const history = new TransitionHistory();
  for (let round = 0; round < 1000; round++) {
    const [first, last] = [turn(7), turn(7)];
    history.record(first);
    history.record(turn(8));
    history.record(last);
    t.same(revisions(history, 7), [last.revision, first.revision]);
    history.record(turn(7, { what: 'removed' }));
    t.same(history.of(7), []);
  }
  t.equal(history.of(8).length, transitionsKept, 'its neighbour keeps its own');
});

t.test('100,000 backends with a transition each cost less than 100 bytes each', async (t) => {
  const history = new TransitionHistory();
  const before = process.memoryUsage().arrayBuffers;
  for (let slot = 0; slot < 100_000; slot++) history.record(turn(slot, { detail: 'the same' }));
  t.ok(process.memoryUsage().arrayBuffers - before < 100 * 100_000);
  t.equal(history.of(99_999).length, 1);
});

t.test('a text is kept once, as long as somebody uses it', async (t) => {
  const texts = new InternedTexts();
  const [a, again, b] = [texts.take('a'), texts.take('a'), texts.take('b')];
  t.equal(a, again);
  t.not(a, b);
  t.equal(texts.size, 2);
  texts.release(a);
  t.equal(texts.text(a), 'a');
  texts.release(again);
  t.equal(texts.size, 1);
  t.equal(texts.take('c'), a, 'numbers are used again');
  t.same([texts.text(a), texts.text(b)], ['c', 'b']);
});

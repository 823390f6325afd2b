import t from 'tap';
import { backendKey, ChangeLog } from '#vitald/front/view/change-log.js';

const [a, b, c] = [3, 0, 200];

t.test('a backend stands in the log once, at its latest change', async (t) => {
  const log = new ChangeLog(10);
  log.record(11, a, 'web');
  log.record(12, b, 'web');
  log.record(13, c, 'web');
  log.record(14, b, 'web');
  log.record(15, a, 'web');
  t.same(log.since(10).slots, [c, b, a]);
  t.same(log.since(13).slots, [b, a]);
  t.same(log.since(15).slots, []);
  t.equal(log.changedSince(14), true);
  t.equal(log.changedSince(15), false);
  t.equal(log.revision, 15);
});

t.test('known are the revisions from the start to now', async (t) => {
  const log = new ChangeLog(10);
  log.record(12, a, 'web');
  t.same(
    [9, 10, 11, 12, 13].map((since) => log.knows(since)),
    [false, true, true, true, false],
  );
  log.advance(20);
  t.equal(log.knows(20), true);
  log.advance(5);
  t.equal(log.revision, 20, 'revisions only grow');
});

t.test('a removed backend is listed by name, once, and its slot no longer', async (t) => {
  const log = new ChangeLog(10);
  log.record(11, a, 'web');
  log.recordRemoved(12, a, 'web', 'app-1');
  t.same(log.since(10), { slots: [], removed: [{ revision: 12, listener: 'web', backend: 'app-1' }] });
  t.equal(log.changedSince(11), true);
  log.record(13, a, 'web');
  log.recordRemoved(14, a, 'web', 'app-1');
  log.recordRemoved(15, b, 'dns', 'app-1');
  t.same(
    log.since(10).removed.map(({ revision, listener }) => ({ revision, listener })),
    [
      { revision: 14, listener: 'web' },
      { revision: 15, listener: 'dns' },
    ],
    'at its latest removal',
  );
  t.same(log.since(15), { slots: [], removed: [] });
});

t.test('a slot that was given to another backend is listed for that one only', async (t) => {
  const log = new ChangeLog(10);
  log.record(11, a, 'web');
  log.recordRemoved(12, a, 'web', 'old');
  log.record(13, a, 'web');
  t.same(log.since(12).slots, [a]);
  t.equal(log.ownerLeftSince(11, a), true);
  t.equal(log.ownerLeftSince(12, a), false);
  t.equal(log.ownerLeftSince(0, b), false);
  t.equal(log.ownerLeftSince(0, 1_000_000), false, 'nobody was ever there');
});

t.test('beyond their limit the oldest removed backends are forgotten, and revisions before them are unknown', async (t) => {
  const log = new ChangeLog(0);
  for (let revision = 1; revision <= 10; revision++) log.recordRemoved(revision, a, 'web', `b${revision}`);
  log.limitRemoved(3);
  t.same(
    log.since(7).removed.map(({ backend }) => backend),
    ['b8', 'b9', 'b10'],
  );
  t.equal(log.knows(7), true, 'the last that was forgotten: all after it is there');
  t.equal(log.knows(6), false);
  log.limitRemoved(0);
  t.equal(log.knows(10), true);
  t.same(log.since(10), { slots: [], removed: [] });
  log.record(11, b, 'web');
  t.same(log.since(10).slots, [b], 'it goes on from empty');
});

t.test('the newest change of a listener of which none is known is taken to be as old as can be, never as none at all', async (t) => {
  const log = new ChangeLog(100);
  const before = log.newestOf(['a']);
  t.equal(before, 100);
  log.record(101, 0, 'a');
  log.recordRemoved(102, 0, 'a', 'x');
  log.recordRemoved(103, 1, 'b', 'y');
  log.limitRemoved(0);
  t.not(log.newestOf(['a']), before, 'what was said of it before its change is not said again');
  t.equal(log.newestOf(['a']), 103);
  t.equal(log.changedSince(103, new Set(['a'])), false);
});

t.test('two backends never share a key', async (t) => {
  const pairs = [
    ['a', 'b'],
    ['ab', ''],
    ['', 'ab'],
    ['1:a', 'b'],
    ['1', ':ab'],
  ] as const;
  t.equal(new Set(pairs.map(([listener, backend]) => backendKey(listener, backend))).size, pairs.length);
});

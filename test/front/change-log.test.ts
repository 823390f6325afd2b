import t from 'tap';
import { backendKey, ChangeLog } from '#vitald/front/change-log.js';

const names = (log: ChangeLog, since: number): string[] => log.since(since).map(({ backend }) => backend);

t.test('a backend stands in the log once, at its latest change', async (t) => {
  const log = new ChangeLog(10);
  log.record(11, 'web', 'a');
  log.record(12, 'web', 'b');
  log.record(13, 'web', 'c');
  log.record(14, 'web', 'b');
  log.record(15, 'web', 'a');
  t.same(names(log, 10), ['c', 'b', 'a']);
  t.same(names(log, 13), ['b', 'a']);
  t.same(names(log, 15), []);
  t.equal(log.changedSince(14), true);
  t.equal(log.changedSince(15), false);
  t.equal(log.revision, 15);
});

t.test('known are the revisions from the start to now', async (t) => {
  const log = new ChangeLog(10);
  log.record(12, 'web', 'a');
  t.same(
    [9, 10, 11, 12, 13].map((since) => log.knows(since)),
    [false, true, true, true, false],
  );
  log.advance(20);
  t.equal(log.knows(20), true);
  log.advance(5);
  t.equal(log.revision, 20, 'revisions only grow');
});

t.test('beyond its limit the oldest are forgotten, and revisions before them are unknown', async (t) => {
  const log = new ChangeLog(0);
  for (let revision = 1; revision <= 10; revision++) log.record(revision, 'web', `b${revision}`);
  log.limit(3);
  t.same(names(log, 7), ['b8', 'b9', 'b10']);
  t.equal(log.knows(7), true, 'the last that was forgotten: all after it is there');
  t.equal(log.knows(6), false);
  log.limit(0);
  t.equal(log.knows(10), true);
  t.same(names(log, 10), []);
  log.record(11, 'web', 'new');
  t.same(names(log, 10), ['new'], 'it goes on from empty');
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

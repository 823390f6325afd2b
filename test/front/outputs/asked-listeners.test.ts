import t from 'tap';
import { AskedListeners } from '#vitald/front/outputs/asked-listeners.js';
import type { OutputBackend } from '#vitald/front/outputs/backends-view.js';
import type { Change } from '#vitald/messages.js';

/** Listeners with their backends, and an output that looks every second of simulated time. */
function world(sketch: Readonly<Record<string, readonly string[]>>, only?: readonly string[]) {
  const present = new Map(Object.entries(sketch));
  const view = {
    get listeners() {
      return [...present.keys()];
    },
    size: (listener: string) => present.get(listener)?.length ?? 0,
    *backends(listener?: string): Generator<OutputBackend> {
      for (const backend of present.get(listener ?? '') ?? []) yield { backend } as OutputBackend;
    },
  };
  const asked = new AskedListeners({ view, only, windowMs: 30_000 });
  let seconds = 0;
  const now = () => ({ wallMs: 0, monotonicMs: seconds * 1000 });
  return {
    asked,
    present,
    ask: (listener: string, id?: string) => asked.asked(listener, id, now()),
    /** @param each what is asked in each of these seconds */
    passes: (forSeconds: number, each: () => void = () => undefined) => {
      for (let second = 0; second < forSeconds; second++) {
        seconds++;
        each();
        asked.look(now());
      }
    },
  };
}

t.test('until the first question nothing is missing', async (t) => {
  const { asked, passes } = world({ web: ['a'], dns: ['b'] });
  passes(3600);
  t.same(asked.missing, { isSilent: false, listeners: [], backends: [] });
});

t.test('a listener that is not asked for while another one is', async (t) => {
  const { asked, ask, passes } = world({ web: ['a'], dns: ['b'] });
  passes(29, () => ask('web'));
  t.same(asked.missing.listeners, [], 'it may come yet');
  passes(3, () => ask('web'));
  t.same(asked.missing, { isSilent: false, listeners: ['dns'], backends: [] });
  ask('dns');
  t.same(asked.missing.listeners, [], 'at once, when it is asked for');
});

t.test('what is asked for at first, and no more later', async (t) => {
  const { asked, ask, passes } = world({ web: ['a'], dns: ['b'] });
  passes(60, () => [ask('web'), ask('dns')]);
  t.same(asked.missing.listeners, []);
  passes(61, () => ask('web'));
  t.same(asked.missing.listeners, ['dns']);
});

t.test('one that does not ask at all any more', async (t) => {
  const { asked, ask, passes } = world({ web: ['a'] });
  passes(10, () => ask('web'));
  passes(61);
  t.match(asked.missing, { isSilent: true, listeners: ['web'] });
  ask('web');
  t.match(asked.missing, { isSilent: false, listeners: [] });
});

t.test('backends that are not asked for while others of the listener are, by name and number', async (t) => {
  const { asked, ask, passes } = world({ web: ['a', 'b', 'c', 'd', 'e', 'f'] });
  passes(31, () => ask('web', 'c'));
  t.same(asked.missing.backends, [{ listener: 'web', ids: ['a', 'b', 'd'], count: 5 }]);
  ask('web', 'a');
  t.same(asked.missing.backends, [{ listener: 'web', ids: ['b', 'd'], count: 4 }]);
});

t.test('only listeners of the output count, and only those that have backends', async (t) => {
  const { asked, ask, passes } = world({ web: ['a'], dns: ['b'], empty: [] }, ['web', 'empty']);
  passes(31, () => ask('web'));
  t.same(asked.missing.listeners, []);
  t.ok(asked.has('web'));
  t.notOk(asked.has('dns'));
});

t.test('a backend that came in the middle of a window gets a whole one', async (t) => {
  const { asked, ask, passes, present } = world({ web: ['a'] });
  passes(20, () => ask('web', 'a'));
  present.set('web', ['a', 'b']);
  asked.changed([{ what: 'added', listener: 'web', backend: 'b' } as Change]);
  passes(12, () => ask('web', 'a'));
  t.same(asked.missing.backends, []);
  passes(30, () => ask('web', 'a'));
  t.same(asked.missing.backends, [{ listener: 'web', ids: ['b'], count: 1 }]);
});

t.test('questions that come further apart than the window cause one false alarm at most', async (t) => {
  const { asked, ask, passes } = world({ web: ['a'], dns: ['b'] });
  let alarms = 0;
  let second = 0;
  passes(3600, () => {
    if (second % 120 === 0) ask('dns');
    if (second % 10 === 0) ask('web');
    if (second > 500) alarms += asked.missing.listeners.length;
    second++;
  });
  t.equal(alarms, 0);
});

t.test('so do questions for single backends', async (t) => {
  const { asked, ask, passes } = world({ web: ['a', 'b'] });
  let alarms = 0;
  let second = 0;
  passes(7200, () => {
    if (second % 300 === 0) ask('web', 'a');
    if (second % 300 === 150) ask('web', 'b');
    if (second > 3600) alarms += asked.missing.backends.length + asked.missing.listeners.length;
    second++;
  });
  t.equal(alarms, 0);
});

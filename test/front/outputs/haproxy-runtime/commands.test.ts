import t from 'tap';
import type { ServerTarget } from '#vitald/front/outputs/haproxy/target.js';
import { batches, commandsFor } from '#vitald/front/outputs/haproxy-runtime/commands.js';
import type { HaproxyServer } from '#vitald/front/outputs/haproxy-runtime/servers-state.js';

const up: HaproxyServer = { backend: 'web', server: 'a', health: 'up', admin: 'ready', weight: 10, initialWeight: 10, hasOwnCheck: false };
const wanted: ServerTarget = { health: 'up', admin: 'ready', weight: 100 };

/** Without the words that are the same in all of them. */
function commands(server: Partial<HaproxyServer>, target: Partial<ServerTarget>, weights: 'relative' | 'absolute' = 'relative'): string[] {
  const all = commandsFor({ ...up, ...server }, { ...wanted, ...target }, weights);
  return all.map((command) => command.replace('set server web/a ', ''));
}

t.test('what is as it should be is left alone', async (t) => {
  t.same(commands({}, {}), []);
  t.same(commands({ health: 'down' }, { health: 'down' }), []);
  t.same(commands({ admin: 'maint', health: 'down' }, { admin: 'maint' }), []);
  t.same(commands({ health: 'down', admin: 'drain', weight: 3 }, { health: undefined, admin: undefined, weight: undefined }), []);
});

t.test('what differs is set', async (t) => {
  t.same(commands({}, { health: 'down' }), ['health down']);
  t.same(commands({ health: 'down' }, {}), ['health up']);
  t.same(commands({ health: 'stopping' }, {}), ['health up']);
  t.same(commands({}, { admin: 'maint' }), ['state maint']);
  t.same(commands({ admin: 'maint', health: 'down' }, {}), ['state ready']);
  t.same(commands({ admin: 'drain' }, {}), ['state ready']);
});

t.test('a server that leaves maintenance and is to be down gets no client on the way', async (t) => {
  t.same(commands({ admin: 'maint', health: 'down' }, { health: 'down' }), ['state drain', 'health down', 'state ready']);
  t.same(commands({ admin: 'drain' }, { health: 'down' }), ['health down', 'state ready']);
});

t.test('maintenance that HAProxy has for reasons of its own is left', async (t) => {
  t.same(commands({ admin: 'held', health: 'down' }, {}), []);
  t.same(commands({ admin: 'maint', health: 'down' }, { admin: undefined }), [], 'or that a hand set, where vitald sets health only');
});

t.test('health is not set where HAProxy checks by itself; the rest is', async (t) => {
  t.same(commands({ hasOwnCheck: true }, { health: 'down', admin: 'maint', weight: 50 }), ['weight 5', 'state maint']);
  t.same(commands({ hasOwnCheck: true }, { health: 'down' }), []);
});

t.test('relative weights are parts of HAProxy’s own, and never 0 unless they should be', async (t) => {
  t.same(commands({}, { weight: 50 }), ['weight 5']);
  t.same(commands({ weight: 1, initialWeight: 1 }, { weight: 50 }), []);
  t.same(commands({}, { weight: 0 }), ['weight 0']);
  t.same(commands({}, { weight: 30_000 }), ['weight 256']);
  t.same(commands({ weight: 0, initialWeight: 0 }, {}), [], 'a server that haproxy.cfg gives nothing');
  t.same(commands({}, { weight: 7 }, 'absolute'), ['weight 7']);
});

t.test('lines are no longer than HAProxy reads, and lose nothing', async (t) => {
  const all = Array.from({ length: 1000 }, (_, place) => `set server web/app-${place} health down`);
  const lines = [...batches(all)];
  t.same(lines.flat(), all);
  t.ok(lines.length > 1 && lines.length < 10);
  for (const line of lines) t.ok(line.join(';').length <= 8000);
  t.same([...batches([])], []);
});

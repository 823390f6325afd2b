import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { allowed, ask, backendPath, detail } from '../support/asking.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { listener, openAndClosed, settled } from '../support/two-backends.js';

t.test('overrides, weights and runtime backends hold over a reload, a crash and a restart', async (t) => {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const config = { server: { ...allowed, state_dir: join(folder, 'state') }, listeners: [listener('web', both)] };
  const first = await RunningDaemon.start(t, folder, { config });
  await settled(first, 'web');
  const maintenance = { mode: 'maintenance', reason: 'new kernel', by: 'alice', expires_in_seconds: 3600 };
  t.equal((await ask(first, 'PUT', `${backendPath('up')}/override`, maintenance)).status, 200);
  t.equal((await ask(first, 'PUT', `${backendPath('down')}/weight`, { weight: 7, reason: 'slow disk' })).status, 200);
  t.equal((await ask(first, 'PUT', backendPath('extra'), { address: '127.0.0.2', port: both.up, weight: 3 })).status, 201);

  const holds = async (daemon: RunningDaemon, when: string): Promise<void> => {
    const override = { mode: 'maintenance', reason: 'new kernel', by: 'alice' };
    t.match(await detail(daemon, 'up'), { routable: false, routable_because: 'maintenance', override }, when);
    t.match(await detail(daemon, 'down'), { weight: 7, configured_weight: 1, weight_override: { reason: 'slow disk' } }, when);
    t.match(await detail(daemon, 'extra'), { source: 'runtime', weight: 3, address: '127.0.0.2' }, when);
  };
  await holds(first, 'at once');

  first.rewriteConfig({ ...config, listeners: [listener('web', both), listener('other', both)] });
  first.signal('SIGHUP');
  await first.logged(({ msg }) => msg === 'a new configuration is in force');
  await holds(first, 'after a reload');

  const short = { mode: 'maintenance', reason: 'short', expires_in_seconds: 1 };
  const set = await ask(first, 'PUT', '/v1/listeners/other/backends/up/override', short);
  const expiresAt = Date.parse((set.body as { override: { expires_at: string } }).override.expires_at);
  await first.stop('SIGKILL');
  await eventually('its end', () => Date.now() > expiresAt);
  const second = await RunningDaemon.start(t, folder, {
    config: { ...config, listeners: [listener('web', both), listener('other', both)] },
  });
  await holds(second, 'in the first answers after a crash');
  t.match(await second.get('/v1/overrides'), {
    overrides: [
      { backend: 'up', present: true },
      { backend: 'down', present: true },
    ],
  });
  t.match(await second.get('/v1/listeners/other/backends/up'), { override: null }, 'what expired meanwhile is over');
  t.equal(await second.metric('vitald_overrides', 'mode="maintenance"'), 1);

  t.equal((await ask(second, 'DELETE', `${backendPath('up')}/override`)).status, 200);
  t.match(await detail(second, 'up'), { override: null });
  t.equal((await ask(second, 'DELETE', backendPath('extra'))).status, 204);
  await second.stop('SIGKILL');
  const third = await RunningDaemon.start(t, folder, { config });
  t.match(await detail(third, 'up'), { override: null }, 'what was ended stays ended');
  t.match(await detail(third, 'down'), { weight: 7 });
  t.equal((await ask(third, 'GET', backendPath('extra'))).status, 404);
  const { entries } = await third.get<{ entries: readonly { action: string }[] }>('/v1/audit');
  t.same(
    entries.map(({ action }) => action),
    ['backend_deleted', 'override_ended', 'override_set', 'backend_put', 'weight_set', 'override_set'],
  );
  t.equal(
    readFileSync(join(folder, 'state', 'audit.log'), 'utf8')
      .trimEnd()
      .split('\n').length,
    6,
  );
});

import t from 'tap';
import { allowed, ask } from '../support/asking.js';
import { RunningDaemon, temporaryFolder, type Backend, type BackendDetail } from '../support/daemon.js';
import { listener, openAndClosed, settled } from '../support/two-backends.js';

t.test('operators and control planes change a running daemon', async (t) => {
  const both = await openAndClosed(t);
  const listeners = [
    listener('web', both),
    { ...listener('open', both), all_unhealthy: 'all' },
    { ...listener('slow', both, { interval: '1h' }) },
  ];
  const config = { server: allowed, listeners };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config });
  await settled(daemon, 'web', 'open');

  await t.test('a listener fails open by those that could carry traffic: maintenance has no say', async (t) => {
    const because = async (): Promise<Record<string, string>> => {
      const { backends } = await daemon.get<{ backends: readonly Backend[] }>('/v1/listeners/open/backends');
      return Object.fromEntries(backends.map(({ backend, routable_because }) => [backend, routable_because]));
    };
    const put = (id: string, mode: string): Promise<unknown> =>
      ask(daemon, 'PUT', `/v1/listeners/open/backends/${id}/override`, { mode, reason: 'x' });
    const end = (id: string): Promise<unknown> => ask(daemon, 'DELETE', `/v1/listeners/open/backends/${id}/override`);
    t.same(await because(), { up: 'healthy', down: 'unhealthy' });
    await put('up', 'maintenance');
    t.same(await because(), { up: 'maintenance', down: 'fail_open' }, 'all that is left is unhealthy');
    await put('down', 'maintenance');
    t.same(await because(), { up: 'maintenance', down: 'maintenance' }, 'maintenance is never overruled');
    await put('up', 'forced_unhealthy');
    await end('down');
    t.same(await because(), { up: 'forced_unhealthy', down: 'fail_open' });
    await put('up', 'forced_healthy');
    t.same(await because(), { up: 'forced_healthy', down: 'unhealthy' });
    await end('up');
    t.same(await because(), { up: 'healthy', down: 'unhealthy' });
  });

  await t.test('a probe now is one, and its end is the answer', async (t) => {
    const askedAt = Date.now();
    const { status, body } = await ask(daemon, 'POST', '/v1/listeners/slow/backends/down/probe');
    t.equal(status, 200, JSON.stringify(body));
    const { last_probe: last } = body as unknown as BackendDetail;
    t.match(last, { outcome: 'fail', reason: 'connect_refused' });
    t.ok(Date.parse(last!.at) >= askedAt - 1);
  });

  await t.test('a runtime backend is probed as those of the file are, and joins the file when it names it', async (t) => {
    const path = '/v1/listeners/web/backends/extra';
    t.match((await ask(daemon, 'PUT', path, { address: '127.0.0.1', port: both.up })).body, { code: 'backend_in_file' }, 'that is `up`');
    // The server listens at 127.0.0.1 only; what is probed there is refused.
    t.equal((await ask(daemon, 'PUT', path, { address: '127.0.0.2', port: both.up })).status, 201);
    const { since } = await daemon.backendWhen('web', 'extra', ({ state }) => state === 'unhealthy');
    const named = { ...listener('web', both), backends: [{ address: '127.0.0.2', port: both.up, name: 'extra' }] };
    daemon.rewriteConfig({ ...config, listeners: [named] });
    daemon.signal('SIGHUP');
    const taken = await daemon.backendWhen('web', 'extra', (backend) => (backend as { source?: string }).source === 'file');
    t.equal(taken.since, since, 'with its verdict');
    t.match(await daemon.get('/v1/listeners/web/backends?source=runtime'), { backends: [] });
    await daemon.logged(({ action, backend }) => action === 'backend_dropped' && backend === 'extra');
    t.match((await ask(daemon, 'PUT', path, { address: '127.0.0.2', port: both.up })).body, { code: 'backend_in_file' });
  });
});

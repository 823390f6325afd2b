import { join } from 'node:path';
import t from 'tap';
import { allowed, ask, backendPath } from '../support/asking.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { listener, openAndClosed, quick } from '../support/two-backends.js';

t.test('no change is lost of those that come together, and between reloads', async (t) => {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const idle = { ...listener('web', both), check: { ...quick, interval: '10s' } };
  const config = { server: { ...allowed, state_dir: join(folder, 'state') }, listeners: [idle] };
  const daemon = await RunningDaemon.start(t, folder, { config });
  let raised = 0;
  let reloads = 0;
  const enough = (): boolean => reloads === 3 && raised >= 20;
  const reloading = (async () => {
    while (reloads < 3) {
      await eventually('some changes', () => raised >= 4 * (reloads + 1));
      daemon.rewriteConfig({ ...config, listeners: [idle, { ...idle, name: `other-${reloads}` }] });
      daemon.signal('SIGHUP');
      await daemon.logged(({ msg }) => msg === 'a new configuration is in force', reloads + 1);
      reloads++;
    }
  })();
  // Each client has backends of its own; all share one, whose weight they raise by one with If-Match.
  const path = backendPath('shared');
  const shared = { address: '127.0.1.1', port: 9 };
  await ask(daemon, 'PUT', path, { ...shared, weight: 0 });
  let own = 0;
  const client = async (number: number): Promise<void> => {
    for (let round = 0; !enough(); round++) {
      const mine = await ask(daemon, 'PUT', backendPath(`c${number}-${round}`), { address: `127.0.2.${number}`, port: 1000 + round });
      t.equal(mine.status, 201, JSON.stringify(mine.body));
      own++;
      const seen = await ask(daemon, 'GET', path);
      const weight = Number(seen.body.configured_weight) + 1;
      const put = await ask(daemon, 'PUT', path, { ...shared, weight }, { 'if-match': seen.etag! });
      if (put.status === 200) raised++;
      else t.equal(put.status, 412, JSON.stringify(put.body));
    }
  };
  await Promise.all([1, 2, 3, 4].map(client));
  await reloading;
  t.equal((await ask(daemon, 'GET', path)).body.weight, raised);
  const total = 2 + 1 + own;
  t.equal((await daemon.get<{ total: number }>('/v1/listeners/web/backends?source=runtime')).total, total);
  await daemon.stop('SIGKILL');
  const next = await RunningDaemon.start(t, folder, { config });
  t.equal((await next.get<{ total: number }>('/v1/listeners/web/backends')).total, total, 'and all of it is on the disk');
});

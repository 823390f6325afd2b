import t from 'tap';
import { Child, runToEnd } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { ownAddress } from '../support/own-address.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

const address = ownAddress;

t.test('`vitald status` and `vitald events` on the command line, over a restart of the daemon', async (t) => {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const api = `http://${address}:8248`;
  const config = { server: { ...server, listen: `${address}:8248` }, listeners: [listener('web', both)] };
  const first = await RunningDaemon.start(t, folder, { config });
  await settled(first, 'web');
  const env = { ...process.env, VITALD_API: api };
  const vitald = (...args: string[]): string[] => [process.execPath, 'dist/main.js', ...args];

  const [all, up, down, unknown] = await Promise.all([
    runToEnd(vitald('status'), { env }),
    runToEnd(vitald('status', 'web', 'up', '--api', api)),
    runToEnd(vitald('status', 'web', 'down'), { env }),
    runToEnd(vitald('status', 'web', 'dwon'), { env }),
  ]);
  t.match(all, { exitCode: 0, err: '' });
  t.match(
    all.out,
    /web +down +unhealthy .*connect_refused[^]*web +up +healthy +\d+s +yes[^]*2 backends: 1 healthy, 1 unhealthy; 1 routable/,
  );
  t.match([up, down], [{ exitCode: 0 }, { exitCode: 1 }], 'for scripts');
  t.match(unknown, { exitCode: 2, err: /no backend "dwon"; see/ });

  const events = new Child(vitald('events', '--since', '1'), { env });
  t.teardown(() => events.stop());
  await events.line(/changes between revision 1 and \d+ are not known any more/);
  t.match(await first.stop(), { exitCode: 0 }, 'readers do not hold up the end');
  await events.line(/trying again until it answers/);
  t.match(await runToEnd(vitald('status'), { env }), { exitCode: 3, err: new RegExp(`nothing listens at ${api}; is vitald running\\?`) });

  const second = await RunningDaemon.start(t, folder, { config });
  await events.line(/it answers again/);
  await settled(second, 'web');
  second.rewriteConfig({ ...config, listeners: [listener('web', both), listener('more', both)] });
  second.signal('SIGHUP');
  await events.line(/more\/up {2}added {2}initial/);
  await events.line(/more\/down {2}initial → unhealthy {2}not routable {2}connect_refused/);
  t.match(await events.stop('SIGINT'), { signal: 'SIGINT' });
});

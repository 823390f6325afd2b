/** Who may ask the real daemon, over starts and reloads. */
import t from 'tap';
import { RunningDaemon, temporaryFolder, type LogLine } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { configOf, entry, reload, start } from '../support/idle-daemon.js';
import { testToken } from '../support/tokens.js';

t.test('an address that others reach is refused where nobody is asked for credentials', async (t) => {
  const launch = (server: object): RunningDaemon => {
    const daemon = RunningDaemon.launch(temporaryFolder(t), { config: configOf(server) });
    t.teardown(() => daemon.stop());
    return daemon;
  };
  const { exitCode, err } = await launch({ listen: '0.0.0.0:0' }).ended;
  t.equal(exitCode, 1);
  t.match(err, /server\.listen: any client that reaches 0\.0\.0\.0 could change the routing: .*insecure: true/);
  const insecure = launch({ listen: '0.0.0.0:0', insecure: true });
  await insecure.listening();
  t.equal((await insecure.status()).backends.length, 1);
  const isWarning = ({ level, msg }: LogLine): boolean =>
    level === 'warn' &&
    /any client that reaches 0\.0\.0\.0 could change the routing, without credentials, because of insecure: true/.test(msg);
  await insecure.logged(isWarning);
  insecure.signal('SIGHUP');
  await insecure.logged(isWarning, 2);
  const token = testToken('read');
  const asking = launch({ listen: '0.0.0.0:0', tokens: [entry(token)] });
  await asking.listening();
  t.match(await asking.logged(({ msg }) => msg.includes('tokens cross the network readable')), [{ level: 'warn' }]);
  t.equal((await ask(asking.url, '/v1/status')).status, 401);
  t.equal((await ask(asking.url, '/v1/status', token)).status, 200);
});

t.test('a reload lets new callers in and old ones out, and says what waits for a restart', async (t) => {
  const [before, after] = [testToken('operate', 'before'), testToken('read', 'after')];
  const daemon = await start(t, configOf({ tokens: [entry(before)] }), undefined, ['--log-level', 'debug']);
  const { url } = daemon;
  const { revision } = JSON.parse((await ask(url, '/v1/status', before)).text) as { revision: number };
  const held = ask(url, `/v1/status?since=${revision}&wait=5m`, before).then(
    () => 'answered',
    () => 'cut',
  );
  // It is held by the time a later request on another connection is answered, or is cut on arrival.
  await ask(url, '/v1/status', before);
  await reload(daemon, configOf({ tokens: [entry(after)], metrics_listen: '127.0.0.1:0' }));
  t.equal(await held, 'cut');
  t.equal((await ask(url, '/v1/status', before)).status, 401);
  t.equal((await ask(url, '/v1/status', after)).status, 200);
  await daemon.logged(({ msg, caller, url }) => msg === 'request' && caller === 'after' && url === '/v1/status');
  await daemon.logged(({ msg }) => msg.includes('server.metrics_listen changes only at a restart'));
  await daemon.logged(({ msg, caller }) => msg.startsWith('refused: ') && caller === undefined);
});

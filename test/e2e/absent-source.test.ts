import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

/** Of a network for measurements (RFC 2544), which no machine has. */
const absent = '198.18.0.9';

function standby(name: string) {
  const check = { interval: '200ms', timeout: '150ms', source: absent };
  return { name, protocol: 'http', check, backends: [{ name: 'app', address: '192.0.2.1', port: 80 }] };
}

t.test('the daemon starts and reloads without the source address of a listener', async (t) => {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const daemon = await RunningDaemon.start(t, folder, { config: { server, listeners: [listener('web', both), standby('vip')] } });
  await settled(daemon, 'web');
  const [warning] = await daemon.logged(({ level, msg }) => level === 'warn' && msg.includes(absent));
  t.match(warning?.msg, /check\.source: this machine does not have the address 198\.18\.0\.9 now .*checker_source_missing/);
  const app = await daemon.backendWhen('vip', 'app', ({ last_probe: last }) => last !== null);
  t.match(app, { state: 'initial', last_probe: { outcome: 'indeterminate' } });

  daemon.rewriteConfig({ server, listeners: [listener('web', both), standby('vip'), standby('another')] });
  daemon.signal('SIGHUP');
  await daemon.backendWhen('another', 'app', ({ last_probe: last }) => last !== null);
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1);
  await eventually('the warning about the new listener', async () =>
    daemon.log.some(({ msg }) => msg.includes('listeners[2]') && msg.includes(absent)),
  );
});

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { override, runtimeBackend, stateFolder, worldWithState } from '../support/saved-state.js';
import { server, settled } from '../support/two-backends.js';

t.test('overrides and runtime backends of an earlier process are in force from the first answer on', async (t) => {
  const { both, folder, config } = await worldWithState(t);
  const hour = 3_600_000;
  await stateFolder(folder, {
    overrides: [override('up', 'maintenance', Date.now() + hour), override('down', 'forced_healthy', Date.now() - 1)],
    runtime: [{ listener: 'web', backends: [runtimeBackend('extra', '127.0.0.1', both.up + 1), runtimeBackend('far', '192.0.2.1', 80)] }],
  });
  const daemon = await RunningDaemon.start(t, folder, {
    config: { ...config, server: { ...config.server, allowed_networks: ['127.0.0.0/8'] } },
  });
  const { backends } = await daemon.status();
  t.match(
    backends.map(({ backend, routable_because }) => `${backend}: ${routable_because}`),
    ['up: maintenance', /^down: (initial|unhealthy)$/, /^extra: (initial|unhealthy)$/],
    'but what has expired meanwhile, and what is not allowed any more',
  );
});

t.test('a damaged file is set aside, told of in the log, on the page and by a metric, and survived', async (t) => {
  const { folder, config } = await worldWithState(t);
  const stateDir = await stateFolder(folder, { overrides: [override('up', 'maintenance')], runtime: [] });
  const file = join(stateDir, 'control.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('maintenance', 'maintenancf'));
  writeFileSync(join(stateDir, 'verdicts.json'), '');
  const daemon = await RunningDaemon.start(t, folder, { config });
  const errors = await daemon.logged(({ level }) => level === 'error', 2);
  t.match(errors[0]?.msg, /control\.json is damaged \(its checksum is wrong\) and is set aside as .*; all overrides.*are lost/);
  t.match(errors[1]?.msg, /verdicts\.json is damaged \(it is empty\) and is set aside as .*; every backend begins as initial/);
  t.equal(await daemon.metric('vitald_state_files_damaged'), 2);
  t.match(await daemon.text('/'), /control\.json is damaged \(its checksum is wrong\)/);
  t.equal(readdirSync(stateDir).filter((name) => name.includes('.damaged-')).length, 2);
  t.match(await daemon.status(), { backends: [{ state: String }, { state: String }] });
});

t.test('a second daemon on the same state folder is refused, and does the first no harm', async (t) => {
  const { folder, config } = await worldWithState(t);
  const first = await RunningDaemon.start(t, folder, { config });
  await settled(first, 'web');
  const second = RunningDaemon.launch(temporaryFolder(t), { config });
  const { exitCode, err } = await second.ended;
  t.equal(exitCode, 3);
  t.match(
    err,
    new RegExp(`the state folder .* is in use by another vitald \\(process ${first.pid}\\): stop that one, or set server\\.state_dir`),
  );
  t.match(await first.stop(), { exitCode: 0, err: '' });
  await RunningDaemon.start(t, folder, { config });
});

t.test('a daemon that could not start leaves the state folder to the next one', async (t) => {
  const { folder, config } = await worldWithState(t);
  const other = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [] } });
  const listen = new URL(other.url).host;
  const failed = RunningDaemon.launch(folder, { config: { ...config, server: { ...config.server, listen } } });
  t.match(await failed.ended, { exitCode: 3 });
  await RunningDaemon.start(t, folder, { config });
});

t.test('the state folder stays what it was at the start: a reload says so', async (t) => {
  const { folder, stateDir, config } = await worldWithState(t);
  const daemon = await RunningDaemon.start(t, folder, { config });
  await settled(daemon, 'web');
  const elsewhere = join(folder, 'elsewhere');
  daemon.rewriteConfig({ ...config, server: { ...config.server, state_dir: elsewhere } });
  daemon.signal('SIGHUP');
  const [warning] = await daemon.logged(({ msg }) => msg.includes('state_dir'));
  t.equal(warning?.msg, `server.state_dir changes only at a restart; until then it is ${stateDir}`);
  await daemon.stop();
  t.same([existsSync(join(stateDir, 'verdicts.json')), existsSync(elsewhere)], [true, false]);
});

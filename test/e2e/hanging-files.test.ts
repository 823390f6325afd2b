/** Files whose `open` waits forever: FIFOs at every place where vitald reads a file. Nothing may wait for them. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { ask, backendPath } from '../support/asking.js';
import { runToEnd } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { HookReceiver } from '../support/hook-receiver.js';
import { worldWithState } from '../support/saved-state.js';
import { stopsInTime } from '../support/stopping.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

const isFifo = /is a FIFO \(named pipe\), not a regular file/;

function fifo(folder: string, name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

/** A running daemon that is sound otherwise. */
async function daemonWith(t: Test, more: object = {}) {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const config = { server, listeners: [listener('web', both)], ...more };
  const daemon = await RunningDaemon.start(t, folder, { config });
  return { folder, config, daemon, both };
}

t.test('a configuration that has become a FIFO is refused by name; reloads, changes and the stop go on', async (t) => {
  const { folder, config, daemon, both } = await daemonWith(t, { server: { ...server, allowed_networks: ['127.0.0.0/8'] } });
  rmSync(daemon.configFile);
  renameSync(fifo(folder, 'fifo'), daemon.configFile);
  daemon.signal('SIGHUP');
  const [refused] = await daemon.logged(({ level }) => level === 'error');
  t.match(refused, { problems: [isFifo] });
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 0);

  const put = await ask(daemon, 'PUT', '/v1/listeners/web/backends/more', { address: '127.0.0.1', port: both.up + 1 });
  t.equal(put.status, 201);
  rmSync(daemon.configFile);
  daemon.rewriteConfig(config);
  daemon.signal('SIGHUP');
  await daemon.logged(({ msg }) => msg === 'a new configuration is in force');
  t.equal((await stopsInTime(t, daemon)).exitCode, 0);
});

t.test('a certificate authority of a check that is a FIFO is a problem of the configuration', async (t) => {
  const { folder, config, daemon, both } = await daemonWith(t);
  const check = { type: 'https', tls: { ca_file: fifo(folder, 'ca.pem') } };
  daemon.rewriteConfig({ ...config, listeners: [listener('web', both, check)] });
  daemon.signal('SIGHUP');
  const [refused] = await daemon.logged(({ level }) => level === 'error');
  t.match(refused, { problems: [/ca_file: cannot be read: it is a FIFO/] });
  t.equal((await stopsInTime(t, daemon)).exitCode, 0);
});

t.test('secrets, authorities and templates that are FIFOs fail their own output only', async (t) => {
  const folder = temporaryFolder(t);
  const hook = await HookReceiver.start(t);
  const path = (name: string): string => fifo(folder, name);
  const webhooks = [1, 2, 3, 4, 5].map((number) => ({ name: `hook-${number}`, url: hook.url, secret_file: path(`secret-${number}`) }));
  const stateDir = join(folder, 'state');
  const { daemon } = await daemonWith(t, {
    server: { ...server, state_dir: stateDir },
    outputs: {
      webhook: [...webhooks, { name: 'authority', url: 'https://127.0.0.1:9/', ca_file: path('ca') }, { name: 'sound', url: hook.url }],
      alertmanager: [{ name: 'alerts', url: 'https://127.0.0.1:9/', ca_file: path('ca-2') }],
      nginx: [
        {
          name: 'template',
          path: join(folder, 'up.conf'),
          template_file: path('template'),
          test_command: ['true'],
          reload_command: ['true'],
        },
      ],
    },
  });
  await settled(daemon, 'web');
  const failing = await daemon.logged(({ problem }) => isFifo.test(String(problem)), 7);
  t.ok(
    failing.every(({ problem }) => String(problem).includes(folder)),
    'each names its file',
  );
  t.ok(hook.events.length > 0, 'the sound one delivers');

  const change = await ask(daemon, 'PUT', `${backendPath('up')}/override`, { mode: 'maintenance', reason: 'test' });
  t.equal(change.status, 200, 'and what operators say is saved');
  t.equal((await stopsInTime(t, daemon)).exitCode, 0);
  t.ok(readdirSync(stateDir).includes('verdicts.json'));
});

t.test('certificate, key and authority of the API that are FIFOs end the start with a sentence', async (t) => {
  const folder = temporaryFolder(t);
  const tls = { cert_file: fifo(folder, 'tls.crt'), key_file: fifo(folder, 'tls.key') };
  const daemon = RunningDaemon.launch(folder, { config: { server: { ...server, tls }, listeners: [] } });
  t.match(await daemon.ended, { exitCode: 3, err: /server\.tls\.cert_file: .*tls\.crt cannot be read: it is a FIFO/ });
});

t.test('FIFOs with the names of state files are set aside, and reported', async (t) => {
  const { folder, stateDir, config } = await worldWithState(t);
  mkdirSync(stateDir);
  const names = ['control.json', 'verdicts.json', 'audit.log', 'lock', 'lock.turn', '.writable'];
  for (const name of names) fifo(stateDir, name);
  const daemon = await RunningDaemon.start(t, folder, { config });
  const told = await daemon.logged(({ level, msg }) => level === 'error' && /cannot be read/.test(msg), 2);
  t.ok(told.every(({ msg }) => isFifo.test(msg)));
  t.equal(await daemon.metric('vitald_state_files_damaged'), 2);
  const change = await ask(daemon, 'PUT', `${backendPath('up')}/override`, { mode: 'maintenance', reason: 'test' });
  t.equal(change.status, 200);
  const [audit] = await daemon.logged(({ level, msg }) => level === 'error' && msg.includes('audit'));
  t.match(audit?.msg, isFifo);
  t.equal((await stopsInTime(t, daemon)).exitCode, 0);
  t.ok(lstatSync(join(stateDir, 'control.json')).isFile());
  t.ok(lstatSync(join(stateDir, 'verdicts.json')).isFile());
});

t.test('a FIFO in the place of the Unix socket ends the start with a sentence', async (t) => {
  const folder = temporaryFolder(t);
  const config = { server: { ...server, unix_socket: { path: fifo(folder, 'vitald.sock') } }, listeners: [] };
  const daemon = RunningDaemon.launch(folder, { config });
  t.match(await daemon.ended, { exitCode: 3, err: /vitald\.sock is there, and not a socket; remove it/ });
});

t.test('commands say of a FIFO that it is one: check, diagnose, and what a client is given', async (t) => {
  const folder = temporaryFolder(t);
  const path = fifo(folder, 'fifo');
  const program = [process.execPath, resolve('dist/main.js')];
  for (const [args, exitCode] of [
    [['check', '-c', path], 1],
    [['run', '-c', path], 1],
    [['diagnose', 'web', 'up', '-c', path], 1],
    [['status', '--token-file', path], 2],
    [['status', '--api', 'https://127.0.0.1:9', '--ca-file', path], 2],
  ] as const) {
    const ended = await runToEnd([...program, ...args]);
    t.match(ended, { exitCode, err: isFifo }, args.join(' '));
  }
});

t.test('a configuration from a pipe of the shell is read as before', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'vitald.yaml');
  writeFileSync(file, JSON.stringify({ server, listeners: [] }));
  const check = `"${process.execPath}" "${resolve('dist/main.js')}" check -c`;
  for (const command of [`cat ${file} | ${check} /dev/stdin`, `${check} /dev/stdin < ${file}`, `${check} <(cat ${file})`]) {
    t.match(await runToEnd(['bash', '-c', command]), { exitCode: 0, out: /is valid/ }, command);
  }
  const endless = await runToEnd(['bash', '-c', `cat /dev/zero | ${check} /dev/stdin`]);
  t.match(endless, { exitCode: 1, err: /is too large: 64\.\d MiB and more/ }, 'within the same bound');
});

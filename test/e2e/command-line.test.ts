import { mkdirSync, chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { survived } from '../support/checker-faults.js';
import { runToEnd, type Ended } from '../support/child.js';
import { RunningDaemon, temporaryFolder, withoutCapabilities, type LogLine } from '../support/daemon.js';
import { tcpServer } from '../support/loopback.js';

const vitald = (...args: string[]): Promise<Ended> => runToEnd([process.execPath, 'dist/main.js', ...args]);

/** Starts a daemon that cannot start. */
async function refused(t: Test, config: object, within?: (command: readonly string[]) => readonly string[]): Promise<Ended> {
  const daemon = RunningDaemon.launch(temporaryFolder(t), { config, ...(within && { within }) });
  t.teardown(() => daemon.stop());
  return daemon.ended;
}

function refusedWith(t: Test, { exitCode, out, err }: Ended, sentence: RegExp): void {
  t.equal(exitCode, 3);
  t.match(err, sentence);
  t.equal(err.split('\n').length, 1, `one sentence: ${err}`);
  t.notMatch(out + err, /\n\s+at /, 'no stack trace');
}

const nothing = { server: { listen: '127.0.0.1:0', state_dir: 'none' }, listeners: [] };

t.test('--help lists every command, and each has its own', async (t) => {
  const { exitCode, out } = await vitald('--help');
  t.equal(exitCode, 0);
  const commands = ['run', 'check', 'status', 'events', 'probe', 'diagnose', 'doctor', 'profiles', 'token', 'schema', 'version'];
  const helps = await Promise.all(commands.map((command) => vitald(command, '--help')));
  for (const [i, command] of commands.entries()) {
    t.match(out, new RegExp(`^  ${command}\\b`, 'm'));
    t.match(helps[i], { exitCode: 0, out: new RegExp(`Usage: vitald ${command}`) });
  }
});

t.test('wrong usage is exit code 2, with a hint', async (t) => {
  for (const [args, hint] of [
    [['--colour'], /unknown option '--colour'/],
    [['run', '--confg', 'x.yaml'], /unknown option '--confg'[^]*--config/],
    [['chekc'], /unknown command 'chekc'[^]*check/],
    [['probe'], /missing required argument/],
    [['probe', 'gopher://127.0.0.1'], /tcp:\/\/10\.0\.0\.1:80/],
    [['profiles', 'nimbus'], /tencent-clb/],
    [['diagnose'], /missing required argument/],
    [['diagnose', 'web'], /which backend of "web"\?/],
    [['diagnose', 'http://127.0.0.1/', '-c', 'x.yaml'], /is a URL/],
    [['diagnose', 'web', 'answers', '--timeout', '1s'], /--timeout goes with a URL only/],
    [['diagnose', 'wib', 'answers', '-c', 'config/quickstart.yaml'], /no listener named "wib"; did you mean web\?/],
    [['diagnose', 'web', 'answer', '-c', 'config/quickstart.yaml'], /did you mean answers\?/],
    [['doctor'], /--port/],
    [['doctor', '--port', 'http'], /--port "http" is no port/],
    [['run', '--log-format', 'xml'], /json/],
  ] as const) {
    const { exitCode, err, out } = await vitald(...args);
    t.equal(exitCode, 2, args.join(' '));
    t.match(err, hint);
    t.equal(out, '');
  }
});

t.test('a configuration that is not valid: every problem on a line, exit code 1, nothing started', async (t) => {
  const { exitCode, err } = await refused(t, { listeners: [{ name: 'web', protcol: 'tcp', backends: ['10.0.0.300:80'] }] });
  t.equal(exitCode, 1);
  t.match(err, /vitald\.yaml:1:\d+: listeners\[0\]\.protcol: .*protocol/);
  t.match(err, /10\.0\.0\.300/);
});

t.test('an API address in use: one sentence, exit code 3', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  refusedWith(t, await refused(t, { ...nothing, server: { listen, state_dir: 'none' } }), new RegExp(`${listen} is in use`));
});

t.test('a state folder that cannot be made: one sentence, exit code 3', async (t) => {
  const config = { ...nothing, server: { listen: '127.0.0.1:0', state_dir: '/proc/no/such/folder' } };
  refusedWith(t, await refused(t, config), /state folder \/proc\/no\/such\/folder cannot be written .*state_dir/);
});

t.test('a state folder without the permission to write: the daemon checks, and says that it keeps nothing', async (t) => {
  const folder = temporaryFolder(t);
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir);
  chmodSync(stateDir, 0o555);
  const config = { ...nothing, server: { listen: '127.0.0.1:0', state_dir: stateDir } };
  const daemon = await RunningDaemon.start(t, folder, { config, within: withoutCapabilities });
  const [error] = await daemon.logged(({ level }) => level === 'error');
  t.match(error?.msg, /cannot be written \(this user may not write there, EACCES\): set server\.state_dir .*; nothing is kept/);
  t.match(await daemon.get('/healthz'), { state_dir: 'failing' });
});

t.test('a working directory that cannot be written does no harm where state goes elsewhere', async (t) => {
  const folder = temporaryFolder(t);
  const daemon = RunningDaemon.launch(folder, { config: nothing, within: withoutCapabilities });
  t.teardown(() => daemon.stop());
  chmodSync(folder, 0o555);
  await daemon.listening();
  t.match(await daemon.status(), { backends: [] });
});

t.test('`tcp.method: syn` without CAP_NET_RAW: one sentence that tells how to grant it, exit code 3', async (t) => {
  const config = { ...nothing, listeners: [{ name: 'web', check: { tcp: { method: 'syn' } }, backends: ['127.0.0.1:80'] }] };
  refusedWith(t, await refused(t, config, withoutCapabilities), /CAP_NET_RAW.*setcap/);
});

t.test('`tcp.method: auto` without CAP_NET_RAW connects instead, and says so once in the log and always in the API', async (t) => {
  const server = await tcpServer('127.0.0.1');
  t.teardown(() => server.close());
  const backends = [`127.0.0.1:${server.port}`];
  const listeners = ['web', 'more'].map((name) => ({ name, check: { interval: '200ms', timeout: '150ms' }, backends }));
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { ...nothing, listeners }, within: withoutCapabilities });
  await daemon.backendWhen('web', backends[0]!, ({ state }) => state === 'healthy');
  const isOfMethod = ({ level, msg }: LogLine): boolean => level === 'warn' && msg.includes('CAP_NET_RAW');
  t.match(await daemon.logged(isOfMethod), [{ msg: /open a connection.*CAP_NET_RAW/, listeners: ['web', 'more'] }]);
  t.equal(daemon.log.filter(isOfMethod).length, 1);
  t.match(await daemon.get('/v1/listeners/web'), { check: { method_used: 'connect', method_warning: /CAP_NET_RAW/ } });
  survived(t, 'no-raw-sockets');
});

t.test('`vitald probe` without the permission it needs is exit code 3', async (t) => {
  const { exitCode, out } = await runToEnd(withoutCapabilities([process.execPath, 'dist/main.js', 'probe', 'ping://127.0.0.1']));
  t.equal(exitCode, 3);
  t.match(out, /checker_permission.*CAP_NET_RAW/);
});

t.test('`vitald check` reads what `vitald run` runs', async (t) => {
  const file = join(temporaryFolder(t), 'vitald.yaml');
  writeFileSync(file, JSON.stringify(nothing));
  t.equal((await vitald('check', '-c', file)).exitCode, 0);
  writeFileSync(file, 'listeners: 5\n');
  const { exitCode, out, err } = await vitald('check', '-c', file);
  t.equal(exitCode, 1);
  t.match(out + err, /vitald\.yaml:1:12: listeners/);
});

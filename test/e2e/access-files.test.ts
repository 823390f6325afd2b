/** The real daemon's certificates and Unix socket, over starts, reloads and crashes. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../support/certificates.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { configOf, reload, start } from '../support/idle-daemon.js';

t.test('certificates: a start needs good ones, a reload with broken ones keeps those in use', async (t) => {
  const folder = temporaryFolder(t);
  const { key, cert } = selfSigned(['127.0.0.1']);
  const config = configOf({ tls: { cert_file: join(folder, 'crt'), key_file: join(folder, 'key') } });
  const early = RunningDaemon.launch(folder, { config });
  t.teardown(() => early.stop());
  const { exitCode, err } = await early.ended;
  t.equal(exitCode, 3);
  t.match(err, /^vitald: server\.tls\.cert_file: .*crt cannot be read: ENOENT$/);

  writeFileSync(join(folder, 'crt'), cert);
  writeFileSync(join(folder, 'key'), key);
  const daemon = await start(t, config, folder);
  t.match(daemon.url, /^https:/);
  t.equal((await ask(daemon.url, '/healthz', { ca: cert })).status, 200);
  writeFileSync(join(folder, 'key'), selfSigned(['127.0.0.1']).key);
  await reload(daemon, config);
  await daemon.logged(({ level, msg }) => level === 'warn' && msg.startsWith('the certificate in use stays'));
  t.equal((await ask(daemon.url, '/healthz', { ca: cert })).status, 200);
  const renewed = selfSigned(['127.0.0.1']);
  writeFileSync(join(folder, 'crt'), renewed.cert);
  writeFileSync(join(folder, 'key'), renewed.key);
  await reload(daemon, config);
  t.equal((await ask(daemon.url, '/healthz', { ca: renewed.cert })).status, 200);
});

t.test('the Unix socket goes with a clean end, and one that a crash left is replaced', async (t) => {
  const folder = temporaryFolder(t);
  const socketPath = join(folder, 'api.sock');
  const config = configOf({ unix_socket: { path: socketPath, mode: '0600' } });
  const open = async (): Promise<RunningDaemon> => {
    const daemon = await start(t, config, folder);
    await daemon.logged(({ msg }) => msg === `the Unix socket ${socketPath} is open`);
    t.equal((await ask('http://localhost', '/v1/status', { socketPath })).status, 200);
    return daemon;
  };
  await (await open()).stop('SIGKILL');
  t.ok(existsSync(socketPath));
  const second = await open();
  const third = RunningDaemon.launch(temporaryFolder(t), { config });
  t.teardown(() => third.stop());
  t.match(await third.ended, { exitCode: 3, err: /another program listens at/ });
  t.equal((await ask('http://localhost', '/v1/status', { socketPath })).status, 200, 'the one that was there is not disturbed');
  await second.stop();
  t.notOk(existsSync(socketPath));
});

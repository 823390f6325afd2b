import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AccessPlan, UnixSocketPlan } from '#vitald/config/plan.js';
import { temporaryFolder } from '../../support/daemon.js';
import { ask, openEntrances } from '../../support/entrances.js';
import { testToken } from '../../support/tokens.js';
import { skipWithout } from '../../support/tools.js';

function at(path: string, more: Partial<UnixSocketPlan> = {}): Partial<AccessPlan> {
  return { unixSocket: { path, mode: 0o600, group: undefined, role: 'admin', ...more } };
}

const overSocket = (socketPath: string, path: string, options = {}) => ask('http://vitald.example.com', path, { socketPath, ...options });

t.test('whoever may open the socket has its role, by whatever name', async (t) => {
  const path = join(temporaryFolder(t), 'api.sock');
  const token = testToken('read');
  const { told } = await openEntrances(t, { ...at(path, { role: 'operate' }), tokens: [token.plan] });
  t.match(told, [/^info: the API listens at http:/, `info: the Unix socket ${path} is open`]);
  t.equal((await overSocket(path, '/v1/status')).status, 200);
  const post = '/v1/listeners/web/backends/app-1/diagnosis';
  t.equal((await overSocket(path, post, { method: 'POST' })).status, 202);
  t.equal((await overSocket(path, post, { method: 'POST', headers: token.headers })).status, 403, 'who shows a token is its owner');
  t.equal((await overSocket(path, '/', { headers: testToken('admin').headers })).status, 401);
});

t.test('the socket is there with its mode, its folder is left clean, and it goes when vitald does', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'api.sock');
  const { close } = await openEntrances(t, at(path, { mode: 0o640, group: 'nogroup' }));
  const stats = lstatSync(path);
  t.ok(stats.isSocket());
  t.equal(stats.mode & 0o777, 0o640);
  t.equal(stats.gid, Number(execFileSync('getent', ['group', 'nogroup']).toString().split(':')[2]));
  t.same(readdirSync(folder), ['api.sock']);
  await close();
  t.notOk(existsSync(path));
});

t.test(
  'another user gets as far as the mode permits',
  { skip: process.getuid?.() === 0 ? skipWithout('curl') : 'needs root' },
  async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    const asNobody = (path: string): Promise<string> => {
      const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', path, 'http://localhost/healthz'];
      const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
      return new Promise((resolve) => execFile('setpriv', [...nobody, ...curl], (_error, stdout) => resolve(stdout)));
    };
    const statusWith = async (t: Test, name: string, mode: number): Promise<string> => {
      await openEntrances(t, at(join(folder, name), { mode }));
      return asNobody(join(folder, name));
    };
    t.equal(await statusWith(t, 'closed.sock', 0o660), '000');
    t.equal(await statusWith(t, 'open.sock', 0o666), '200');
  },
);

t.test('a socket that nobody answers on is replaced', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'api.sock');
  const left = createServer().listen(join(folder, 'first'));
  await once(left, 'listening');
  renameSync(join(folder, 'first'), path);
  left.close();
  await once(left, 'close');
  t.ok(lstatSync(path).isSocket(), 'as after a crash');
  await openEntrances(t, at(path));
  t.equal((await overSocket(path, '/healthz')).status, 200);
});

t.test('what is another’s is left alone', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'api.sock');
  const other = createServer((socket) => socket.end()).listen(path);
  await once(other, 'listening');
  t.teardown(() => other.close());
  await t.rejects(openEntrances(t, at(path)), { code: 'address_in_use', message: /another program listens at/ });
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  await t.rejects(openEntrances(t, at(file)), { code: 'address_in_use', message: /is there, and not a socket/ });
  t.equal(statSync(file).size, 8);
});

t.test('a socket that another process has put there meanwhile is not taken away', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'api.sock');
  const { close } = await openEntrances(t, at(path));
  const successor = createServer().listen(join(folder, 'new'));
  await once(successor, 'listening');
  t.teardown(() => successor.close());
  renameSync(join(folder, 'new'), path);
  await close();
  t.ok(existsSync(path));
});

t.test('why a socket cannot be made is said in words', async (t) => {
  const folder = temporaryFolder(t);
  await t.rejects(openEntrances(t, at(join(folder, 'missing', 'api.sock'))), {
    code: 'address_not_available',
    message: /the folder .*missing is not there; create it/,
  });
  await t.rejects(openEntrances(t, at(join(folder, 'api.sock'), { group: 'no-such-group' })), { message: /has no group no-such-group/ });
  await t.rejects(openEntrances(t, at('/proc/api.sock')), { message: /cannot be made|is not there/ });
  const long = join(folder, 'x'.repeat(40));
  mkdirSync(long);
  await openEntrances(t, at(join(long, 'a.sock')));
  t.pass('a long folder is no obstacle');
});

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { mustRun, runToEnd, type Ended } from '../../support/child.js';

/** A folder with the file and nothing else: no packages above it either. */
const folder = mkdtempSync(join(tmpdir(), 'vitald-bundle-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const made = join(folder, 'made', 'doctor.mjs');
const alone = join(folder, 'alone', 'doctor.mjs');

t.before(async () => {
  await mustRun([process.execPath, 'scripts/bundle-doctor.mjs', made]);
  mkdirSync(join(folder, 'alone'));
  copyFileSync(made, alone);
});

const run = (...args: string[]): Promise<Ended> => runToEnd([process.execPath, alone, ...args], { cwd: join(folder, 'alone'), env: {} });

t.test('the one file runs by itself, and finds a service of this machine', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  t.teardown(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { out, exitCode } = await run('--port', String(port), '--json');
  const report = JSON.parse(out) as { findings: { code: string; certainty: string }[]; target: object };
  t.match(report.findings[0], { code: 'listens_on_loopback_only', certainty: 'certain' });
  t.match(report.target, { port, type: 'tcp' });
  t.equal(exitCode, 1);
});

t.test('for people it begins with the verdict', async (t) => {
  const { out, exitCode } = await run('--port', '1');
  t.match(out, /^\S+ \(tcp\) is unhealthy\.\n {2}Nothing listens on TCP port 1\./);
  t.equal(exitCode, 1);
});

t.test('it says how it is used, and refuses what it does not know', async (t) => {
  t.match(await run('--help'), { exitCode: 0, out: /Usage: node doctor\.mjs --port N/ });
  t.match(await run(), { exitCode: 2, err: /--port is missing/ });
  t.match(await run('--port', 'http'), { exitCode: 2, err: /1 to 65535/ });
  t.match(await run('--prot', '80'), { exitCode: 2, err: /--prot/ });
});

t.test('it imports nothing but what Node.js brings', async (t) => {
  const text = readFileSync(made, 'utf8');
  const imported = [...text.matchAll(/^import .* from "([^"]+)";$/gm)].map((match) => match[1]!);
  t.ok(imported.length > 4);
  for (const name of imported) t.match(name, /^node:/);
  t.notMatch(text, /\b(require|import)\(["']/, 'nothing is loaded later');
});

t.test('it is a program by itself: executable, and one that names its interpreter', async (t) => {
  t.match(readFileSync(made, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  t.equal(statSync(made).mode & 0o111, 0o111);
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { runTool, skipWithout } from '../support/tools.js';

const file = 'deploy/systemd/vitald.service';
const skip = skipWithout('systemd-analyze');

/** The values of a setting, in the order of the unit. */
function settings(name: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1]!);
}

t.test('systemd finds nothing wrong with the unit', { skip }, async (t) => {
  // Node.js may have another place on this machine than on those that the unit is for.
  const dir = t.testdir({ 'vitald.service': readFileSync(file, 'utf8').replaceAll('/usr/bin/node', process.execPath) });
  t.same(runTool('systemd-analyze', 'verify', `${dir}/vitald.service`), { status: 0, output: '' });
});

t.test('the unit exposes little: under 3.0 by systemd’s own count', { skip }, async (t) => {
  const { output } = runTool('systemd-analyze', 'security', '--offline=true', '--no-pager', file);
  const exposure = Number(/Overall exposure level for vitald\.service: ([\d.]+)/.exec(output)?.[1]);
  t.ok(exposure < 3, `exposure ${exposure}\n${output}`);
});

t.test('the one capability is for raw sockets', async (t) => {
  t.same(settings('AmbientCapabilities'), ['CAP_NET_RAW']);
  t.same(settings('CapabilityBoundingSet'), ['CAP_NET_RAW']);
});

t.test('what the JIT and raw sockets need is not taken away', async (t) => {
  t.same(settings('MemoryDenyWriteExecute'), []);
  t.same(settings('ProcSubset'), []);
  t.same(settings('PrivateUsers'), []);
  t.same(settings('RestrictAddressFamilies'), ['AF_INET AF_INET6 AF_NETLINK AF_UNIX']);
});

t.test('it reloads by SIGHUP and comes back after every end', async (t) => {
  t.same(settings('ExecReload'), ['/bin/kill -HUP $MAINPID']);
  t.same(settings('Restart'), ['always']);
});

t.test('the start has ended when SIGHUP is handled, or the process has ended', async (t) => {
  t.same(settings('Type'), ['exec'], 'vitald does not report to systemd');
  const [post = ''] = settings('ExecStartPost');
  const [, script = ''] = /^\/bin\/sh -c '(.*)'$/.exec(post) ?? [];
  t.not(script, '');
  // systemd turns $$ into $.
  const waitFor = (pid: number, timeout: number): boolean =>
    spawnSync('/bin/sh', ['-c', script.replaceAll('$$', '$')], { env: { ...process.env, MAINPID: String(pid) }, timeout }).status === 0;
  const deaf = spawn('/bin/sleep', ['600']);
  const handling = spawn(process.execPath, ['-e', "process.on('SIGHUP', () => {}); console.log('on'); setInterval(() => {}, 1000)"]);
  t.teardown(() => handling.kill());
  await Promise.all([once(deaf, 'spawn'), once(handling.stdout, 'data')]);
  t.equal(waitFor(handling.pid!, 60_000), true, 'a process that handles SIGHUP');
  t.equal(waitFor(deaf.pid!, 300), false, 'it waits for one that does not');
  deaf.kill();
  await once(deaf, 'exit');
  t.equal(waitFor(deaf.pid!, 60_000), true, 'a process that is gone');
});

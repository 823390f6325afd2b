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

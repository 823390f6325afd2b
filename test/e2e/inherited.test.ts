/** What the programs that the daemon starts inherit from it: no capability, and no descriptor but their own. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import {
  capabilitiesIn,
  capabilitiesOf,
  childrenOf,
  descriptorsOf,
  netRaw,
  noCapabilities,
  none,
  rawSockets,
} from '../support/inherited.js';
import { silentTcpPort } from '../support/silent-port.js';
import { quick, server } from '../support/two-backends.js';

const skip = process.getuid?.() === 0 ? false : 'root is needed';

/** Writes down what it inherited, by shells of their own: a shell that redirects holds a descriptor more. `exec` goes on with the real program. */
const witness = (file: string, exec = ''): string => `#!/bin/sh
sh -c "ls -l /proc/$$/fd > ${file}.$$"
sh -c "cat /proc/$$/status >> ${file}.$$"
mv ${file}.$$ ${file}
${exec}
`;

interface Witnessed {
  readonly capabilities: ReturnType<typeof capabilitiesIn>;
  /** Beside the standard ones, and the script that the shell reads. */
  readonly descriptors: readonly string[];
}

/** A folder with programs that write down what they inherit. */
function witnesses(t: Test) {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o777);
  const file = (name: string): string => join(folder, `${name}.inherited`);
  const script = (name: string, exec?: string): string => {
    const path = join(folder, name);
    writeFileSync(path, witness(file(name), exec));
    chmodSync(path, 0o755);
    return path;
  };
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const path = join(bin, 'ip');
  writeFileSync(path, witness(file('ip'), `PATH=/usr/sbin:/usr/bin:/sbin:/bin exec ip "$@"`));
  chmodSync(path, 0o755);
  const told = async (name: string): Promise<Witnessed> => {
    const text = await eventually(`what ${name} inherited`, () => existsSync(file(name)) && readFileSync(file(name), 'utf8'));
    const descriptors = [...text.matchAll(/ (\d+) -> (.+)$/gm)]
      .filter(([, fd, target]) => Number(fd) > 2 && !target!.startsWith(folder))
      .map(([, fd, target]) => `${fd} ${target}`);
    return { capabilities: capabilitiesIn(text), descriptors };
  };
  return { folder, bin, script, told };
}

type Within = (command: readonly string[]) => readonly string[];

/**
 * A user without privileges who was given CAP_NET_RAW. Where that user may not read this checkout, the user stays root, and
 * root is given no privilege by the kernel (SECBIT_NOROOT, capabilities(7)).
 */
function asUser(): { readonly within: Within; readonly described: string } {
  const given = ['--bounding-set=-all,+net_raw', '--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw'];
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const program = resolve('dist/main.js');
  const canRead = spawnSync('setpriv', [...user, process.execPath, program, 'version']).status === 0;
  if (canRead) return { within: (command) => ['setpriv', ...user, ...given, ...command], described: 'user 65534' };
  return {
    within: (command) => ['setpriv', '--securebits=+noroot,+noroot_locked', ...given, ...command],
    described: 'root without privileges',
  };
}

async function everyProgram(t: Test, within: Within) {
  const silent = await silentTcpPort();
  t.teardown(() => silent.close());
  const { folder, bin, script, told } = witnesses(t);
  const config = {
    server,
    outputs: {
      command: [{ command: [script('hook', 'cat > /dev/null')] }],
      nginx: [{ path: join(folder, 'upstreams.conf'), test_command: [script('test')], reload_command: [script('reload')] }],
    },
    listeners: [
      {
        name: 'syn',
        protocol: 'tcp',
        check: { ...quick, tcp: { method: 'syn' } },
        backends: [{ address: '127.0.0.1', port: silent.port, name: 'silent' }],
      },
      { name: 'ping', protocol: 'tcp', check: { ...quick, type: 'ping' }, backends: [{ address: '127.0.0.1', port: 1, name: 'own' }] },
      { name: 'udp', protocol: 'udp', check: { ...quick }, backends: [{ address: '127.0.0.1', port: 1, name: 'closed' }] },
    ],
  };
  const daemon = await RunningDaemon.start(t, folder, {
    config,
    // The daemon itself inherits a descriptor that is none of its programs' business.
    within: (command) =>
      within([
        'sh',
        '-c',
        'exec 7< /etc/hostname; exec "$@"',
        'sh',
        'env',
        `PATH=${bin}:${process.env['PATH']}`,
        'SECRET_TOKEN=canary',
        ...command,
      ]),
  });
  // The daemon has raw sockets, and what another thread may leave open.
  const raw = rawSockets();
  t.ok(descriptorsOf(daemon.pid).filter(({ target }) => raw.has(target)).length >= 2, 'the daemon has raw sockets');
  t.same(
    descriptorsOf(daemon.pid).filter(({ fd, target, isInherited }) => fd > 2 && isInherited && target.startsWith('socket:')),
    [],
    'none of its sockets is inherited',
  );
  return { daemon, told };
}

/** Lets the daemon diagnose the silent backend, and looks at the process that does it. */
async function diagnosisProcess(daemon: RunningDaemon) {
  void fetch(`${daemon.url}/v1/listeners/syn/backends/silent/diagnosis`, { method: 'POST' });
  return eventually('the diagnosis process', () => {
    const child = childrenOf(daemon.pid).find(({ command }) => command.includes('diagnosis/child.js'));
    if (child === undefined) return false;
    const capabilities = capabilitiesOf(child.pid);
    // It has read the question, so that its first line is long past.
    if (descriptorsOf(child.pid).filter(({ target }) => rawSockets().has(target)).length === 0) return false;
    return {
      capabilities,
      inherited: descriptorsOf(child.pid).filter(({ fd, isInherited }) => fd > 2 && isInherited),
      environment: readFileSync(`/proc/${child.pid}/environ`, 'utf8'),
    };
  });
}

const user = asUser();
t.test(`the programs of a daemon with an ambient CAP_NET_RAW (${user.described})`, { skip }, async (t) => {
  const { daemon, told } = await everyProgram(t, user.within);
  t.match(capabilitiesOf(daemon.pid), { permitted: netRaw, effective: netRaw }, 'the daemon has the capability');
  for (const name of ['hook', 'test', 'reload']) t.same(await told(name), { capabilities: noCapabilities, descriptors: [] }, name);
  const { capabilities, inherited, environment } = await diagnosisProcess(daemon);
  t.same(capabilities, { inheritable: none, permitted: netRaw, effective: netRaw, ambient: none }, 'a diagnosis may open raw sockets');
  t.same(inherited, [], 'and its programs inherit none');
  t.notMatch(environment, /SECRET_TOKEN|canary/, 'its environment has no secrets');
  t.same(await told('ip'), { capabilities: noCapabilities, descriptors: [] }, 'ip, asked by the diagnosis');
});

t.test('the programs of a daemon that runs as root', { skip }, async (t) => {
  const { daemon, told } = await everyProgram(t, (command) => command);
  const root = capabilitiesOf(process.pid);
  for (const name of ['hook', 'test', 'reload']) {
    const { capabilities, descriptors } = await told(name);
    t.same(descriptors, [], name);
    t.same(capabilities, { ...root, inheritable: none, ambient: none }, `${name} is root, and has what root has`);
  }
  const { capabilities, inherited } = await diagnosisProcess(daemon);
  t.match(capabilities, { inheritable: none, ambient: none });
  t.same(inherited, []);
  t.same((await told('ip')).descriptors, []);
});

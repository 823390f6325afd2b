/** A state folder that cannot be written when the daemon starts: it checks all the same, and keeps as soon as it can. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { loadControl } from '#vitald/persistence/control-state.js';
import { ask, backendPath } from '../support/asking.js';
import { runToEnd } from '../support/child.js';
import { RunningDaemon, temporaryFolder, withoutCapabilities } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { labProblem } from '../support/lab/requirements.js';
import { override, stateFolder } from '../support/saved-state.js';
import { stopsInTime } from '../support/stopping.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

interface Case {
  readonly name: string;
  /** A shell command that makes the folder `$d` so. */
  readonly spoil: string;
  /** Makes it usable again. */
  readonly mend: string;
  readonly told: RegExp;
  readonly within?: (command: readonly string[]) => readonly string[];
  /** What `vitald check` knows of it. */
  readonly check?: RegExp;
  /** What was saved before can be read. */
  readonly isReadable: boolean;
}

const cases: readonly Case[] = [
  {
    name: 'a full disk',
    spoil: 'cat /dev/zero > $d/filler 2>/dev/null',
    mend: 'rm $d/filler',
    told: /the disk is full, or has no inodes left, ENOSPC/,
    check: /its disk is full/,
    isReadable: true,
  },
  {
    name: 'no inode left',
    spoil: 'i=0; while touch $d/filler.$i 2>/dev/null; do i=$((i+1)); done',
    mend: 'rm $d/filler.*',
    told: /the disk is full, or has no inodes left, ENOSPC/,
    check: /has no inodes left/,
    isReadable: true,
  },
  {
    name: 'a file system that is read-only',
    spoil: 'mount -o remount,ro $d',
    mend: 'mount -o remount,rw $d',
    told: /the file system is read-only, EROFS/,
    check: /its file system is read-only/,
    isReadable: true,
  },
  {
    name: 'a folder that this user may not enter',
    spoil: 'chown 65534 $d; chmod 0700 $d',
    mend: 'chown 0 $d',
    told: /this user may not write there, EACCES/,
    within: withoutCapabilities,
    isReadable: false,
  },
];

/** A daemon in a mount namespace with a small disk of its own, and a shell beside it. */
async function world(t: Test, { spoil, within = (command) => command }: Case) {
  const folder = temporaryFolder(t);
  const disk = await stateFolder(folder, { overrides: [override('up', 'maintenance')], runtime: [] });
  const make = `cp -a $d $d.before; mount -t tmpfs -o size=64k,nr_inodes=20 vitald-test $d && cp -a $d.before/. $d && { ${spoil}; true; } && exec "$@"`;
  const inNamespace = (command: readonly string[]): string[] => [
    'unshare',
    '--mount',
    'env',
    `d=${disk}`,
    'sh',
    '-c',
    make,
    'sh',
    ...within(command),
  ];
  const config = { server: { ...server, state_dir: disk }, listeners: [listener('web', await openAndClosed(t))] };
  return { folder, disk, config, inNamespace };
}

const skip = labProblem(['unshare', 'mount', 'nsenter']) ?? false;

for (const one of cases) {
  t.test(one.name, { skip }, async (t) => {
    const { folder, disk, config, inNamespace } = await world(t, one);
    const daemon = await RunningDaemon.start(t, folder, { config, within: inNamespace });
    const [error] = await daemon.logged(({ level, msg }) => level === 'error' && msg.includes('nothing is kept'));
    t.match(error?.msg, one.told);
    await daemon.statusWhen((backends) => backends.every(({ state }) => state !== 'initial'));
    t.equal(await daemon.metric('vitald_state_folder_usable'), 0);
    t.match(await daemon.get('/healthz'), { status: 'alive', state_dir: 'failing' });
    t.match(await daemon.text('/'), one.told, 'on the page');
    const up = async () => daemon.get<{ routable_because: string }>(backendPath('up'));
    t.equal((await up()).routable_because === 'maintenance', one.isReadable, 'what was saved before');

    const put = await ask(daemon, 'PUT', `${backendPath('down')}/override`, { mode: 'forced_healthy', reason: 'test' });
    t.match(put, { status: 507, body: { code: 'state_not_saved' } });
    t.ok((await daemon.status()).backends.find(({ backend }) => backend === 'down')?.routable, 'but it is in force');

    const mended = spawnSync('nsenter', ['--target', String(daemon.pid), '--mount', 'env', `d=${disk}`, 'sh', '-c', one.mend]);
    t.equal(mended.status, 0, mended.stderr.toString());
    await daemon.logged(({ msg }) => msg.includes('can be written now'));
    const seen = join(`/proc/${daemon.pid}/root`, disk);
    const saved = await eventually('the override on disk', async () => {
      const { state } = await loadControl(seen);
      return state.overrides.some(({ backend }) => backend === 'down') && state;
    });
    t.equal(saved.overrides.length, one.isReadable ? 2 : 1);
    const setAside = readdirSync(seen).filter((name) => name.startsWith('control.json.damaged-'));
    t.equal(setAside.length, one.isReadable ? 0 : 1, 'what could not be read is not overwritten');
    await eventually('the verdicts on disk', () => readdirSync(seen).includes('verdicts.json'));
    t.equal(await daemon.metric('vitald_state_folder_usable'), 1);
    await eventually('health', async () => (await daemon.get<{ state_dir: string }>('/healthz')).state_dir === 'ok');

    const second = RunningDaemon.launch(temporaryFolder(t), {
      config,
      within: (command) => ['nsenter', '--target', String(daemon.pid), '--mount', ...command],
    });
    t.match(await second.ended, { exitCode: 3, err: new RegExp(`in use by another vitald \\(process ${daemon.pid}\\)`) });
    t.match(await stopsInTime(t, daemon), { exitCode: 0 });
  });

  if (one.check !== undefined) {
    t.test(`${one.name}: check warns`, { skip }, async (t) => {
      const { folder, config, inNamespace } = await world(t, one);
      const file = join(folder, 'vitald.yaml');
      writeFileSync(file, JSON.stringify(config));
      const ended = await runToEnd(inNamespace([process.execPath, resolve('dist/main.js'), 'check', '-c', file]));
      t.match(ended, { exitCode: 0, err: one.check });
    });
  }
}

t.test('a full disk that another daemon has: the second one is refused, for it must not write there later', { skip }, async (t) => {
  const full = cases[0]!;
  const { folder, disk, config, inNamespace } = await world(t, { ...full, spoil: 'true' });
  const first = await RunningDaemon.start(t, folder, { config, within: inNamespace });
  await settled(first, 'web');
  const inside = (command: readonly string[]): string[] => ['nsenter', '--target', String(first.pid), '--mount', ...command];
  spawnSync('nsenter', ['--target', String(first.pid), '--mount', 'env', `d=${disk}`, 'sh', '-c', full.spoil]);
  const second = RunningDaemon.launch(temporaryFolder(t), { config, within: inside });
  t.match(await second.ended, { exitCode: 3, err: /in use by another vitald/ });
});

t.test('a wrong path of the folder still ends the start: it could never be written', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'gone'));
  rmSync(join(folder, 'gone'), { recursive: true });
  const config = { server: { ...server, state_dir: join(folder, 'gone/state') }, listeners: [] };
  const daemon = RunningDaemon.launch(folder, { config });
  t.match(await daemon.ended, { exitCode: 3, err: /gone\/state cannot be written \(ENOENT\)/ });
});

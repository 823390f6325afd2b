import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadSnapshot } from '#vitald/persistence/snapshot.js';
import { survived } from '../support/checker-faults.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { labProblem } from '../support/lab/requirements.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

/** Runs a command with a small disk of its own at a folder, which is gone with it. */
const withSmallDisk = (dir: string) => (command: readonly string[]) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=64k vitald-test ${dir} && exec "$@"`,
  'sh',
  ...command,
];

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

t.test(
  'a full disk: told once, the old file stands, and the next save comes when there is room',
  { skip: labProblem(['unshare']) ?? false },
  async (t) => {
    const both = await openAndClosed(t);
    const folder = temporaryFolder(t);
    const stateDir = join(folder, 'state');
    mkdirSync(stateDir);
    const config = { server: { ...server, state_dir: stateDir }, listeners: [listener('web', both)] };
    const daemon = await RunningDaemon.start(t, folder, { config, within: withSmallDisk(stateDir) });
    // As the daemon sees it.
    const disk = join(`/proc/${daemon.pid}/root`, stateDir);
    const verdicts = async (): Promise<number | undefined> => (await loadSnapshot(disk, Date.now())).value?.verdicts.length;
    await settled(daemon, 'web');
    await eventually('the verdicts on disk', async () => (await verdicts()) === 2);

    fill(join(disk, 'filler'));
    // A change asks for a save.
    daemon.rewriteConfig({ ...config, listeners: [listener('web', both), listener('more', both)] });
    daemon.signal('SIGHUP');
    await eventually('a failure', async () => (await daemon.metric('vitald_state_save_failures_total')) > 0);
    const [error] = await daemon.logged(({ level }) => level === 'error');
    t.match(error?.msg, /the state cannot be saved in .*verdicts\.json: the disk is full \(ENOSPC\)/);
    t.equal(await verdicts(), 2, 'the last good one stands');
    // It is there while it is tried again.
    await eventually('nothing half written to be left', () => !readdirSync(disk).some((name) => name.endsWith('.new')));
    await settled(daemon, 'web', 'more');

    rmSync(join(disk, 'filler'));
    await eventually('a save', async () => (await verdicts()) === 4);
    await daemon.logged(({ msg }) => msg.startsWith('the state is saved again'));
    t.equal(daemon.log.filter(({ level }) => level === 'error').length, 1, 'however often it failed');
    survived(t, 'disk-full');
  },
);

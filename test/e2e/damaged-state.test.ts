/** The daemon on a state folder whose files are damaged in any way: it starts, reports it, and probes. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, type LogLine } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { fuzzRuns, fuzzSeed } from '../support/fuzz/seed.js';
import { generator } from '../support/random.js';
import { override, stateFolder, worldWithState } from '../support/saved-state.js';
import { settled } from '../support/two-backends.js';

const seed = fuzzSeed();
const random = generator(seed);
/** Two kinds of damage each. */
const rounds = fuzzRuns(2);

const upTo = (limit: number): number => Math.floor(random() * limit);

const files = ['control.json', 'verdicts.json'] as const;
type Bytes = Buffer<ArrayBufferLike>;

/** What becomes of a file. @returns whether the file must be set aside: undefined if it may have stayed as it was */
const damages: Readonly<Record<string, (path: string, good: Bytes) => boolean | undefined>> = {
  'cut short': (path, good) => {
    truncateSync(path, upTo(good.length));
    return true;
  },
  'bits flipped': (path, good) => {
    const bad = Buffer.from(good);
    const at = good.indexOf('\n') + 1 + upTo(good.length - good.indexOf('\n') - 1);
    bad[at] = bad[at]! ^ (1 << upTo(8));
    writeFileSync(path, bad);
    return true;
  },
  'larger than can be read': (path) => {
    truncateSync(path, 5 * 1024 ** 3);
    return true;
  },
  'a folder': (path) => {
    rmSync(path);
    mkdirSync(path);
    return true;
  },
  'another version': (path, good) => {
    writeFileSync(path, good.toString().replace(/"version":\d+/, `"version":${['0', '2', '"1"', 'null', '1e308'][upTo(5)]!}`));
    return true;
  },
  'random bytes': (path, good) => {
    writeFileSync(path, Buffer.from(Array.from(good, () => upTo(256))));
    return true;
  },
  'a huge first line': (path) => {
    writeFileSync(path, `{"file":"${'a'.repeat(20_000_000)}"}\n`);
    return true;
  },
  removed: (path) => {
    rmSync(path);
    return undefined;
  },
};

const isComplaint = ({ level, msg }: LogLine): boolean => level === 'error' && /control\.json|verdicts\.json/.test(msg);

t.test('a daemon whose state files are damaged starts, reports each of them, and probes', async (t) => {
  const { folder, stateDir, config } = await worldWithState(t);
  await stateFolder(folder, { overrides: [override('up', 'maintenance')], runtime: [] });
  const before = await RunningDaemon.start(t, folder, { config });
  await settled(before, 'web');
  await before.stop();
  const good = files.map((name) => readFileSync(join(stateDir, name)));
  const kinds = Object.keys(damages);
  for (let round = 0; round < rounds; round++) {
    let damaged = 0;
    const done: string[] = [];
    for (const [index, name] of files.entries()) {
      const path = join(stateDir, name);
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, good[index]!);
      // The first rounds try each kind of damage once.
      const kind = kinds[2 * round + index] ?? kinds[upTo(kinds.length)]!;
      if (damages[kind]!(path, good[index]!) === true) damaged++;
      done.push(`${name}: ${kind}`);
    }
    const what = `round ${round}, seed ${seed}: ${done.join(', ')}`;
    const daemon = await RunningDaemon.start(t, folder, { config });
    await settled(daemon, 'web');
    const complaints = await daemon.logged(isComplaint, damaged);
    if (complaints.length !== damaged) t.fail(`${what}: ${complaints.map(({ msg }) => msg).join('; ')}`);
    if ((await daemon.metric('vitald_state_files_damaged')) !== damaged) t.fail(`${what}: the metric differs`);
    const { exitCode, err } = await daemon.stop();
    if (exitCode !== 0 || err !== '') t.fail(`${what}: it ended with ${exitCode}, ${err}`);
    // What it leaves is whole again.
    const isWhole = (): boolean => existsSync(join(stateDir, 'verdicts.json')) && statSync(join(stateDir, 'verdicts.json')).isFile();
    await eventually('a whole file of verdicts', isWhole);
  }
  const last = await RunningDaemon.start(t, folder, { config });
  await settled(last, 'web');
  t.notOk(last.log.some(isComplaint), 'after all of them the state is sound');
});

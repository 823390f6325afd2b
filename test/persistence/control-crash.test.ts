import t from 'tap';
import { loadControl } from '#vitald/persistence/control-state.js';
import { survived } from '../support/checker-faults.js';
import { Child } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';
import { fuzzSeed } from '../support/fuzz/seed.js';
import { generator } from '../support/random.js';

const rounds = 12;
const random = generator(fuzzSeed(20_261_121));
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Saves a state with many backends as fast as it can, and tells the number of each that is on the disk. */
const saver = `
  import { ControlFile } from '#vitald/persistence/control-state.js';
  const [dir, from] = process.argv.slice(1);
  const file = new ControlFile(dir);
  for (let version = Number(from) + 1; ; version++) {
    const backends = Array.from({ length: 1000 }, (_, i) => ({ id: 'app-' + i, address: '10.0.0.1', port: 1 + i, weight: 1, version, by: 'cd', at: 1 }));
    await file.save(() => ({ overrides: [], runtime: [{ listener: 'web', backends }] }));
    console.log(version);
  }`;

t.test('killed at any moment, again and again: what was told to be saved is on the disk, and never damaged', async (t) => {
  const dir = temporaryFolder(t);
  let last = 0;
  for (let round = 0; round < rounds; round++) {
    const child = new Child([process.execPath, '--input-type=module', '-e', saver, dir, String(last)]);
    t.teardown(() => child.stop('SIGKILL'));
    await child.line(/^\d+$/);
    await after(random() * 40);
    await child.stop('SIGKILL');
    const told = Number(child.outLines.at(-1));
    const { state, problem } = await loadControl(dir);
    const versions = [...new Set(state.runtime[0]?.backends.map(({ version }) => version))];
    if (problem !== undefined || versions.length !== 1 || versions[0]! < told) t.fail(`${problem}; ${versions.join()} instead of ${told}`);
    last = versions[0]!;
  }
  t.ok(last > rounds, `${last} saves`);
  survived(t, 'killed-while-saving', rounds);
});

/** A reload lets go of the plan before it: memory does not grow with the number of reloads. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { server } from '../support/two-backends.js';

const backends = 4000;
const reloads = 10;
const preload = pathToFileURL(join(import.meta.dirname, '../support/preload/main-heap.js')).href;

t.test('ten reloads keep none of the plans before', async (t) => {
  const folder = temporaryFolder(t);
  const [ask, answer] = [join(folder, 'ask'), join(folder, 'answer')];
  const env = [`NODE_OPTIONS=--import=${preload}`, `TEST_HEAP_ASK=${ask}`, `TEST_HEAP_ANSWER=${answer}`];
  const list = Array.from(
    { length: backends },
    (_, n) => `127.${1 + Math.floor(n / 62_500)}.${1 + (Math.floor(n / 250) % 250)}.${1 + (n % 250)}:80`,
  );
  const config = { server, listeners: [{ name: 'web', protocol: 'tcp', check: { enabled: false }, backends: list }] };
  const daemon = await RunningDaemon.start(t, folder, { config, within: (command) => ['env', ...env, ...command] });
  let reloaded = 0;
  const reload = async (): Promise<void> => {
    daemon.signal('SIGHUP');
    await daemon.logged(({ msg }) => msg === 'a new configuration is in force', ++reloaded);
  };
  const used = async (): Promise<{ readonly bytes: number; readonly buffers: number }> => {
    rmSync(answer, { force: true });
    writeFileSync(ask, '');
    await eventually('the answer', () => existsSync(answer));
    return JSON.parse(readFileSync(answer, 'utf8')) as { bytes: number; buffers: number };
  };

  await reload();
  const before = await used();
  for (let n = 0; n < reloads; n++) await reload();
  const after = await used();
  const grown = `${before.buffers} shared buffers before, ${after.buffers} after ${reloads} reloads of ${backends} backends; \
${Math.round((after.bytes - before.bytes) / 1000)} kB more of heap`;
  t.ok(after.buffers <= before.buffers + 2, grown);
  t.ok(after.bytes - before.bytes < 1_000_000, grown);
  t.same(
    daemon.complaints.filter((line) => !/queryObjects|--trace-warnings/.test(line)),
    [],
    'and Node.js warns of nothing',
  );
  t.comment(grown);
});

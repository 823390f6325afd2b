/**
 * What a start costs, in processor time as a multiple of `node -e 0` on the same machine. Of each command the cheapest of
 * several runs counts: other work on the machine makes a run dearer, never cheaper.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { entryPoint } from '#vitald/entry-point.js';
import { processorTimeOf, processorTimeUntilNow } from '../support/children-time.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';

const skip = process.platform === 'linux' ? false : 'processor time is read from /proc';

/** Of a daemon, which takes longest. */
const fewRuns = 3;
const manyRuns = 8;
const config = {
  server: { listen: '127.0.0.1:0', state_dir: 'none' },
  listeners: [{ name: 'web', protocol: 'http', backends: [{ name: 'one', address: '127.0.0.1', port: 1 }] }],
};

async function cheapest(runs: number, measure: () => number | Promise<number>): Promise<number> {
  let leastMs = Infinity;
  for (let run = 0; run < runs; run++) leastMs = Math.min(leastMs, await measure());
  return leastMs;
}

const bareNode = (): Promise<number> => cheapest(manyRuns, () => processorTimeOf([process.execPath, '-e', '0']));
const vitald = (...args: string[]): Promise<number> =>
  cheapest(manyRuns, () => processorTimeOf([process.execPath, 'dist/main.js', ...args]));

async function untilReady(t: Test): Promise<number> {
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config });
  const tookMs = processorTimeUntilNow(daemon.pid);
  await daemon.stop();
  return tookMs;
}

t.test('the programs are bundled: `node scripts/bundle-programs.mjs` after a build', (t) => {
  for (const name of ['vitald', 'plan-loader.worker', 'front/worker'] as const) {
    t.match(fileURLToPath(entryPoint(name)), /\/dist\/bundle\//);
  }
  t.end();
});

t.test('a start costs little more than that of Node.js', { skip, timeout: 300_000 }, async (t) => {
  const file = join(temporaryFolder(t), 'vitald.yaml');
  writeFileSync(file, JSON.stringify(config));
  const nodeMs = await bareNode();
  const version = await vitald('version');
  const check = await vitald('check', '-c', file);
  const run = await cheapest(fewRuns, () => untilReady(t));
  t.comment(`node -e 0: ${nodeMs} ms; ${JSON.stringify({ version, check, run })}`);
  t.ok(version < 2 * nodeMs, `version: ${version} ms, at most 2 times ${nodeMs} ms`);
  t.ok(check < 5 * nodeMs, `check: ${check} ms, at most 5 times ${nodeMs} ms`);
  t.ok(run < 12 * nodeMs, `run until it serves: ${run} ms, at most 12 times ${nodeMs} ms`);
});

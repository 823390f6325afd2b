/**
 * `npm run fuzz`: the attacks of the test suite in a longer form. Docs: docs/testing.md, "Attacks".
 *
 *   npm run fuzz                             every attack, as many inputs as it says; some 30 minutes
 *   npm run fuzz -- --seconds 60             every attack for at most 60 seconds
 *   npm run fuzz -- --runs 1000              every attack with 1000 inputs
 *   npm run fuzz -- --only http              attacks with this in their name; may be given more than once
 *   npm run fuzz -- --seed 7                 another seed; default: the one of the suite; `random` for a new one
 *   npm run fuzz -- --only ids --seed 7 --path 12:3     one failing input again
 *   npm run fuzz -- --list                   names of all attacks
 *
 * Exit code: 0 if everything held, 1 if an input failed, 2 for wrong options.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** @typedef {{ name: string, file: string, runs?: number, times?: number }} SystemAttack */

/**
 * Tests of the real daemon and of networks, which take the seed and the number of rounds from the environment. `times`:
 * those that have a fixed number of rounds are run again, with another seed each time.
 *
 * @type {readonly SystemAttack[]}
 */
const systemAttacks = [
  { name: 'daemon-peers', file: 'build/test/e2e/hostile-peers.test.js', runs: 20 },
  { name: 'daemon-state', file: 'build/test/e2e/damaged-state.test.js', runs: 60 },
  { name: 'daemon-kill', file: 'build/test/e2e/killed-outputs.test.js', runs: 40 },
  { name: 'daemon-kill-verdicts', file: 'build/test/e2e/crash.test.js', times: 5 },
  { name: 'save-kill', file: 'build/test/persistence/control-crash.test.js', times: 10 },
  { name: 'forged-packets', file: 'build/test/lab/forged-packets.test.js', runs: 10 },
];

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(2);
}

function wholeNumber(name, text) {
  if (!/^\d{1,10}$/.test(text)) fail(`--${name} needs a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string' },
        runs: { type: 'string' },
        seed: { type: 'string' },
        path: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return fail(error.message);
  }
}

function build() {
  const { status } = spawnSync(process.execPath, ['scripts/prepare.mjs', '.'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(1);
}

/** @returns how many inputs failed */
async function runAttack(attack, { seed, runs, seconds, path }, repeatCommand) {
  const startedAt = performance.now();
  const { runs: done, failures } = await attack.attempt({
    seed,
    runs: runs ?? (seconds === undefined ? attack.runs.long : Infinity),
    ...(seconds !== undefined && { untilMs: startedAt + seconds * 1000 }),
    ...(path !== undefined && { path }),
  });
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${failures.length === 0 ? 'held  ' : 'FAILED'} ${attack.name}: ${done} inputs in ${took} s, seed ${seed}`);
  for (const failure of failures) {
    console.log(`  seed ${failure.seed}, path ${failure.path}: ${failure.error}\n  input: ${failure.input.slice(0, 2000)}`);
    console.log(`  again: ${repeatCommand(attack.name, failure)}`);
  }
  return failures.length;
}

/** @returns how many runs of the test failed */
function runSystemAttack(/** @type {SystemAttack} */ { name, file, runs: usualRuns, times: usualTimes }, { seed, runs }) {
  const startedAt = performance.now();
  const times = usualTimes === undefined ? 1 : (runs ?? usualTimes);
  const rounds = usualRuns === undefined ? undefined : (runs ?? usualRuns);
  let failed = 0;
  let skipped;
  for (let time = 0; time < times; time++) {
    const variables = { FUZZ_SEED: String(seed + time), ...(rounds !== undefined && { FUZZ_RUNS: String(rounds) }) };
    const { status, stdout } = spawnSync(process.execPath, ['--enable-source-maps', file], {
      env: { ...process.env, ...variables, TAP_TIMEOUT: '3600' },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    skipped ??= /# SKIP (.*)/.exec(stdout)?.[1];
    if (status === 0) continue;
    failed++;
    const again = Object.entries(variables).map(([key, value]) => `${key}=${value} `);
    console.log(`${stdout}\n  again: ${again.join('')}node ${file}`);
  }
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  const amount = skipped === undefined ? `${rounds ?? times} rounds in ${took} s` : `skipped (${skipped})`;
  console.log(`${failed === 0 ? 'held  ' : 'FAILED'} ${name}: ${amount}, seed ${seed}`);
  return failed;
}

const options = readOptions();
const limits = {
  seed: options.seed === 'random' ? randomInt(2 ** 31) : undefined,
  runs: options.runs === undefined ? undefined : wholeNumber('runs', options.runs),
  seconds: options.seconds === undefined ? undefined : wholeNumber('seconds', options.seconds),
  path: options.path,
};
build();
const { attacks } = await import('../build/test/support/fuzz/index.js');
const { repeatCommand } = await import('../build/test/support/fuzz/attack.js');
const { defaultSeed } = await import('../build/test/support/fuzz/seed.js');
limits.seed ??= options.seed === undefined ? defaultSeed : wholeNumber('seed', options.seed);

const isWanted = ({ name }) => options.only.length === 0 || options.only.some((text) => name.includes(text));
const chosen = [...attacks, ...systemAttacks].filter(isWanted);
if (chosen.length === 0) fail(`no attack has ${options.only.join(' or ')} in its name; --list shows all`);
if (options.path !== undefined && (chosen.length !== 1 || !('attempt' in chosen[0])))
  fail('--path needs --only with the name of one attack');
if (options.list) for (const attack of chosen) console.log(`${attack.name}: ${'holds' in attack ? attack.holds : '(a test of its own)'}`);
else {
  let failed = 0;
  // `--seconds` is for what goes by inputs; rounds of the daemon have a length of their own.
  for (const attack of chosen)
    failed += 'attempt' in attack ? await runAttack(attack, limits, repeatCommand) : runSystemAttack(attack, limits);
  console.log(failed === 0 ? 'everything held' : `${failed} failures`);
  // Peers that hang may still have timers and sockets here.
  process.exit(failed === 0 ? 0 : 1);
}

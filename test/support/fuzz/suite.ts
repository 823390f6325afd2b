/**
 * Attacks as tests. `FUZZ_SEED` and `FUZZ_RUNS` set another seed and another number of inputs:
 *
 *   FUZZ_SEED=7 FUZZ_RUNS=20000 node build/test/fuzz/http.test.js
 */
import t from 'tap';
import { repeatCommand, type Attack } from './attack.js';
import { fuzzRuns, fuzzSeed } from './seed.js';

/** One test for each attack. */
export function testAttacks(attacks: readonly Attack[]): void {
  for (const attack of attacks) {
    t.test(attack.holds, async (t) => {
      const seed = fuzzSeed();
      const { runs, failures } = await attack.attempt({ seed, runs: fuzzRuns(attack.runs.suite), mostFailures: 1 });
      for (const failure of failures) t.fail(`${failure.error}\ninput: ${failure.input}\nagain: ${repeatCommand(attack.name, failure)}`);
      t.ok(runs > 0, `${attack.name}: ${runs} inputs, seed ${seed}`);
    });
  }
}

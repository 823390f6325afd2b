/**
 * The short form, for continuous integration: the most telling comparisons, one short round each, about a minute in all.
 * It fails only on ratios, and only where they are far from their targets. The best round counts, since what else the
 * machine does makes them worse; a comparison that fails is made once more.
 * Prints one line for each, `ok` or `not ok`, which scripts/test.mjs counts.
 */
import { spawnSync } from 'node:child_process';
import { getuid } from 'node:process';
import { comparisons, type Comparison } from './peers/comparisons.js';
import { ratios, reachesLoad, type ComparisonResult } from './report/measurement.js';
import { measureIsolated } from './support/namespace.js';

const needed = ['haproxy', 'fping', 'nginx', 'nft', 'ip', 'setpriv'];

const chosen = comparisons.filter(({ shortLimit }) => shortLimit !== undefined);

type Verdict = 'pass' | 'fail' | 'skip';

/** @returns false where a comparison failed twice */
export async function short(): Promise<boolean> {
  const reason = whyNot();
  if (reason !== undefined) {
    for (const { name } of chosen) console.log(`ok - bench: ${name} # SKIP ${reason}`);
    return true;
  }
  let good = true;
  const first = await run({ rounds: 1 });
  for (const [place, comparison] of chosen.entries()) {
    let result = first[place]!;
    if (judge(comparison, result) !== 'pass') {
      const [again] = await run({ rounds: 2, only: comparison.name });
      result = { ...result, rounds: [...result.rounds, ...again!.rounds] };
    }
    const verdict = judge(comparison, result);
    console.log(line(verdict, comparison, result));
    good &&= verdict !== 'fail';
  }
  return good;
}

function whyNot(): string | undefined {
  if (getuid?.() !== 0) return 'needs root';
  const missing = needed.filter((program) => spawnSync(program, ['-v']).error !== undefined);
  if (missing.length > 0) return `without ${missing.join(', ')}`;
  return spawnSync('unshare', ['--net', '--pid', '--fork', '--mount-proc', 'true']).status === 0 ? undefined : 'needs namespaces';
}

async function run(options: { rounds: number; only?: string }): Promise<readonly ComparisonResult[]> {
  const measurement = await measureIsolated('peers', { ...options, short: true, seconds: 3 });
  return measurement.kind === 'comparisons' ? measurement.comparisons : [];
}

/** Where the peer could not make its checks either, the machine was too busy to say anything. */
function judge({ shortLimit }: Comparison, result: ComparisonResult): Verdict {
  const counted = ratios(result);
  if (counted.length > 0) return Math.min(...counted) <= shortLimit! ? 'pass' : 'fail';
  return result.rounds.some(({ peer }) => reachesLoad(result, peer)) ? 'fail' : 'skip';
}

function line(verdict: Verdict, { name, shortLimit }: Comparison, result: ComparisonResult): string {
  const counted = ratios(result);
  const measured = counted.length > 0 ? `ratio ${Math.min(...counted).toFixed(2)}` : 'fewer checks were made than asked for';
  const head = `${verdict === 'fail' ? 'not ok' : 'ok'} - bench: ${name}`;
  return verdict === 'skip' ? `${head} # SKIP the machine is too busy` : `${head}: ${measured} (fails above ${shortLimit!})`;
}

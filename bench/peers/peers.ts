/**
 * vitald against the field, on the same targets at the same rate, one after the other, several rounds interleaved.
 *
 *   npm run bench -- peers [--rounds 3] [--seconds 8] [--only NAME]
 *
 * Needs root and Debian's packages haproxy, prometheus-blackbox-exporter, fping, nginx-light, nftables and iproute2.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Result } from './inside.js';

const namespace = `vitald-bench-${process.pid}`;

export function peers(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '8' }, only: { type: 'string' } },
  });
  execFileSync('ip', ['netns', 'add', namespace]);
  try {
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const inside = fileURLToPath(new URL('./inside.js', import.meta.url));
    const rest = values.only === undefined ? [] : [values.only];
    const { stdout, status } = spawnSync(
      'ip',
      ['netns', 'exec', namespace, process.execPath, inside, values.rounds, values.seconds, ...rest],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      },
    );
    if (status !== 0) throw new Error('the comparison failed');
    show(JSON.parse(stdout) as Result[]);
  } finally {
    execFileSync('ip', ['netns', 'del', namespace]);
  }
  return Promise.resolve();
}

function show(results: readonly Result[]): void {
  const table: Record<string, Record<string, string>> = {};
  for (const { name, target, ours, peer, rates } of results) {
    const ratios = ours.map((us, round) => us / peer[round]!);
    table[name] = {
      'vitald, µs': spread(ours),
      'peer, µs': spread(peer),
      ratio: spread(ratios, 2),
      target: `≤ ${target}`,
      'checks/s': rates.map((rate) => rate.toFixed(0)).join(' / '),
    };
  }
  console.table(table);
}

/** min, median, max */
function spread(values: readonly number[], digits = 1): string {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map((value) => value.toFixed(digits)).join(' · ');
}

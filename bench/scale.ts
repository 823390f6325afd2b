/**
 * Many TCP backends on this machine, with `/metrics` scraped meanwhile: punctuality, false verdicts, cost.
 *
 *   npm run bench -- scale [--backends 10000] [--interval-ms 1000] [--seconds 30] [--scrape-seconds 5]
 *
 * The backends are addresses of 127.0.0.0/8 behind one listening socket in another process; half-open probes never
 * reach its `accept`.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loopbackAddress } from './support/addresses.js';
import { cpuMs, quantile, residentMb, samples, sleep, startDaemon, threadCpuMs, total, type RunningDaemon } from './support/daemon.js';

const backendPort = 22_222;
const apiPort = 18_249;
const startDelay = 'vitald_probe_start_delay_seconds';

function configuration(backends: number, intervalMs: number): string {
  const lines = [
    `server: { listen: "127.0.0.1:${apiPort}", state_dir: none }`,
    'listeners:',
    '  - name: bench',
    '    protocol: tcp',
    `    port: ${backendPort}`,
    '    profile: native',
    `    check: { interval: ${intervalMs}ms, timeout: ${Math.min(intervalMs, 500)}ms }`,
    '    backends:',
  ];
  for (let i = 0; i < backends; i++) lines.push(`      - ${loopbackAddress(i)}`);
  return lines.join('\n');
}

async function measure(daemon: RunningDaemon, seconds: number, scrapeSeconds: number): Promise<Record<string, string>> {
  const scrape = async (): Promise<Map<string, number>> => samples(await (await fetch(`${daemon.url}/metrics`)).text());
  const before = await scrape();
  const cpuBefore = cpuMs(daemon.pid);
  const engineBefore = threadCpuMs(daemon.pid, daemon.pid);
  const scrapeMs: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await sleep(Math.min(scrapeSeconds * 1000, end - performance.now()));
    const start = performance.now();
    await scrape();
    scrapeMs.push(performance.now() - start);
  }
  const cpu = cpuMs(daemon.pid) - cpuBefore;
  const engine = threadCpuMs(daemon.pid, daemon.pid) - engineBefore;
  const after = await scrape();
  const probes = total(after, 'vitald_probes_total') - total(before, 'vitald_probes_total');
  const notPassed =
    probes - (total(after, 'vitald_probes_total', 'outcome="pass"') - total(before, 'vitald_probes_total', 'outcome="pass"'));
  return {
    'probes per second': (probes / seconds).toFixed(0),
    'probes that did not pass': String(notPassed),
    'false transitions to unhealthy': String(total(after, 'vitald_backend_transitions_total', 'to="unhealthy"')),
    'start delay p50, ms (bucket)': `≤ ${quantile(before, after, startDelay, 0.5) * 1000}`,
    'start delay p99, ms (bucket)': `≤ ${quantile(before, after, startDelay, 0.99) * 1000}`,
    'CPU per probe, whole process, µs': ((cpu * 1000) / probes).toFixed(1),
    'CPU per probe, engine thread, µs': ((engine * 1000) / probes).toFixed(1),
    'scrape, slowest, ms': Math.max(...scrapeMs).toFixed(0),
    'resident memory, MB': residentMb(daemon.pid).toFixed(0),
  };
}

export async function scale(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backends: { type: 'string', default: '10000' },
      'interval-ms': { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '30' },
      'scrape-seconds': { type: 'string', default: '5' },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'vitald-bench-'));
  const backend = fork(fileURLToPath(import.meta.url), ['backend']);
  await new Promise((resolve) => backend.once('message', resolve));
  try {
    const file = join(folder, 'vitald.yaml');
    writeFileSync(file, configuration(Number(values.backends), Number(values['interval-ms'])));
    const daemon = await startDaemon(file, `http://127.0.0.1:${apiPort}`);
    await sleep(2 * Number(values['interval-ms']) + 1000);
    const result = await measure(daemon, Number(values.seconds), Number(values['scrape-seconds']));
    console.log(
      `\n${values.backends} TCP backends, one probe each per ${values['interval-ms']} ms, /metrics every ${values['scrape-seconds']} s:`,
    );
    console.table(result);
    await daemon.stop();
  } finally {
    backend.kill();
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[2] === 'backend') {
  createServer((socket) => socket.destroy()).listen(backendPort, '0.0.0.0', 4096, () => process.send!('listening'));
}

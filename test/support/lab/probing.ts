/** `vitald probe` as a user in the checker's namespace would call it. */
import type { Test } from 'tap';
import type { Lab } from './lab.js';

export const vitald = [process.execPath, 'dist/main.js'];

/** What `vitald probe --json` prints for each probe. */
export interface ProbeReport {
  readonly url: string;
  readonly outcome: 'pass' | 'fail' | 'indeterminate';
  readonly reason: string;
  readonly detail: string;
  readonly rtt_seconds: number | null;
  readonly method: string;
}

/** Probes from the checker, with further options of the command. */
export async function probe(lab: Lab, url: string, ...options: string[]): Promise<ProbeReport[]> {
  const { out, err } = await lab.tryRun('checker', [...vitald, 'probe', url, '--json', ...options]);
  if (out === '') throw new Error(`vitald probe ${url}: ${err}`);
  return out.split('\n').map((line) => JSON.parse(line) as ProbeReport);
}

/** One probe, held against what is expected of it. */
export async function probeGives(t: Test, lab: Lab, url: string, expected: object, ...options: string[]): Promise<ProbeReport> {
  const [report] = await probe(lab, url, ...options);
  t.match(report, expected, `${url} ${options.join(' ')}`);
  return report!;
}

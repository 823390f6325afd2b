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

/** Probes from the checker, all by one process; further options of the command may follow. */
export async function probe(lab: Lab, urls: readonly string[], ...options: string[]): Promise<ProbeReport[]> {
  const { out, err } = await lab.tryRun('checker', [...vitald, 'probe', ...urls, '--json', ...options]);
  if (out === '') throw new Error(`vitald probe ${urls.join(' ')}: ${err}`);
  return out.split('\n').map((line) => JSON.parse(line) as ProbeReport);
}

/** One probe, held against what is expected of it. */
export async function probeGives(t: Test, lab: Lab, url: string, expected: object, ...options: string[]): Promise<ProbeReport> {
  return (await probesGive(t, lab, [url], expected, ...options))[0]!;
}

/** Several probes of which the same is expected. */
export async function probesGive(
  t: Test,
  lab: Lab,
  urls: readonly string[],
  expected: object,
  ...options: string[]
): Promise<ProbeReport[]> {
  const reports = await probe(lab, urls, ...options);
  t.equal(reports.length, urls.length);
  for (const report of reports) t.match(report, expected, `${report.url} ${options.join(' ')}`);
  return reports;
}

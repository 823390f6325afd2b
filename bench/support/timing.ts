/** Micro-benchmarks: what one operation takes, in this process. */
import type { Finding } from '../report/measurement.js';
import { median } from './statistics.js';

const repeats = 15;
const warmUps = 3;

/**
 * @param work does `operations` of them in one go
 * @returns the median over several repeats, in the largest unit that shows a digit before the point
 */
export function timing(name: string, operations: number, work: () => void): Finding {
  for (let i = 0; i < warmUps; i++) work();
  const nsPerOperation = Array.from({ length: repeats }, () => {
    const startedAt = performance.now();
    work();
    return ((performance.now() - startedAt) * 1e6) / operations;
  });
  return timeFinding(name, median(nsPerOperation));
}

export function timeFinding(name: string, ns: number): Finding {
  if (ns < 1000) return { name, value: ns, unit: 'ns' };
  return ns < 1e6 ? { name, value: ns / 1000, unit: 'µs' } : { name, value: ns / 1e6, unit: 'ms' };
}

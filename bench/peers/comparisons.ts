/** What vitald is compared with, and under which load. */
import { bareLoop, blackboxExporter, fping, haproxy, vitald, type Start } from './programs.js';

export interface Comparison {
  readonly name: string;
  /** The ratio is to be at most this; undefined: for information. */
  readonly target?: number;
  readonly load: { readonly backends: number; readonly intervalMs: number };
  readonly ours: Start;
  readonly peer: Start;
  /** How checks are counted. */
  readonly count: 'syn' | 'echo' | 'requests';
  /** Part of the short form: it fails where the ratio is above this, which is far from the target. */
  readonly shortLimit?: number;
}

export const comparisons: readonly Comparison[] = [
  {
    name: 'TCP: vitald SYN ÷ HAProxy check',
    target: 0.6,
    load: { backends: 2000, intervalMs: 200 },
    ours: vitald('tcp'),
    peer: haproxy('tcp'),
    count: 'syn',
    shortLimit: 1.2,
  },
  {
    name: 'HTTP, kept connection: vitald ÷ HAProxy httpchk',
    target: 0.5,
    load: { backends: 1000, intervalMs: 200 },
    ours: vitald('http', { reuse: true }),
    peer: haproxy('http'),
    count: 'requests',
    shortLimit: 1,
  },
  {
    name: 'HTTP, new connection: vitald ÷ HAProxy httpchk',
    target: 2.0,
    load: { backends: 1000, intervalMs: 200 },
    ours: vitald('http'),
    peer: haproxy('http'),
    count: 'requests',
  },
  {
    name: 'HTTP, new connection: vitald ÷ blackbox_exporter',
    target: 0.2,
    load: { backends: 1000, intervalMs: 1000 },
    ours: vitald('http'),
    peer: blackboxExporter,
    count: 'requests',
  },
  {
    name: 'ping: vitald ÷ fping',
    target: 0.5,
    // At a high rate, so that what a checker does for each wake-up is a minor part.
    load: { backends: 2000, intervalMs: 500 },
    ours: vitald('ping'),
    peer: fping({ gapMs: 0.05 }),
    count: 'echo',
    shortLimit: 1,
  },
  {
    name: 'ping: vitald ÷ fping that sends in bursts',
    load: { backends: 2000, intervalMs: 500 },
    ours: vitald('ping'),
    peer: fping({ gapMs: 0.01 }),
    count: 'echo',
  },
  {
    name: 'ping at a low rate: vitald ÷ fping',
    load: { backends: 800, intervalMs: 1000 },
    ours: vitald('ping'),
    peer: fping({ gapMs: 1 }),
    count: 'echo',
  },
  {
    name: 'whole daemon ÷ bare send-receive loop, SYN',
    target: 1.8,
    load: { backends: 2000, intervalMs: 200 },
    ours: vitald('tcp'),
    peer: bareLoop,
    count: 'syn',
    shortLimit: 3.6,
  },
];

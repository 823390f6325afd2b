/** What the daemon holds while the soak lasts, and whether that grows. */
import { readdirSync } from 'node:fs';
import type { Curve, Finding } from '../report/measurement.js';
import { total } from '../support/metrics.js';
import { residentKib } from '../support/process.js';
import { median } from '../support/statistics.js';
import { openDescriptors } from './hardships.js';

interface Sample {
  readonly atMs: number;
  readonly memoryMib: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Handles of the API's event loop; undefined if it did not answer. */
  readonly handles: number | undefined;
  /** The same by type, `Socket` for example. */
  readonly handleTypes: ReadonlyMap<string, number>;
}

type Quantity = Exclude<keyof Sample, 'atMs' | 'handleTypes'>;

const curveRows = 12;

export class ResourceLog {
  readonly #pid: number;
  readonly #metrics: () => Promise<ReadonlyMap<string, number>>;
  readonly #beganAt = performance.now();
  readonly #samples: Sample[] = [];

  constructor(pid: number, metrics: () => Promise<ReadonlyMap<string, number>>) {
    this.#pid = pid;
    this.#metrics = metrics;
  }

  /** Scrapes the metrics too, as Prometheus would do meanwhile. */
  async sample(): Promise<void> {
    const atMs = performance.now() - this.#beganAt;
    const own = {
      memoryMib: residentKib(this.#pid) / 1024,
      descriptors: openDescriptors(this.#pid),
      threads: readdirSync(`/proc/${this.#pid}/task`).length,
    };
    // It may be stopped, or out of descriptors.
    const metrics = await this.#metrics().catch(() => undefined);
    this.#samples.push({ atMs, ...own, handles: metrics && total(metrics, 'nodejs_active_handles'), handleTypes: typesOf(metrics) });
  }

  /** Medians of the first and the last quarter after the warm-up, with what the last may be at most. */
  findings(warmUpMs: number): Finding[] {
    const lastAt = this.#samples.at(-1)!.atMs;
    const quarterMs = (lastAt - warmUpMs) / 4;
    const flat = (name: string, quantity: Quantity, unit: string, atMost: (first: number) => number): Finding[] => {
      const first = this.#medianBetween(quantity, warmUpMs, warmUpMs + quarterMs);
      const last = this.#medianBetween(quantity, lastAt - quarterMs, Infinity);
      return [
        { name: `${name}: first quarter`, value: first, unit },
        { name: `${name}: last quarter`, value: last, unit, target: { atMost: atMost(first) } },
      ];
    };
    return [
      ...flat('resident memory', 'memoryMib', 'MiB', (first) => first * 1.1),
      // A few connections more or less are open at any time.
      ...flat('open descriptors', 'descriptors', '', (first) => Math.ceil(first * 1.05) + 5),
      // A thread that reads the configuration comes and goes.
      ...flat('threads', 'threads', '', (first) => first + 1),
      ...flat("handles of the API's event loop", 'handles', '', (first) => first + 5),
    ];
  }

  /** Handles of the API's event loop by type: the last sample. For finding what has grown. */
  lastHandles(): string {
    const types = this.#samples.findLast(({ handleTypes }) => handleTypes.size > 0)?.handleTypes ?? new Map<string, number>();
    return [...types].map(([type, count]) => `${count} ${type}`).join(', ');
  }

  curve(): Curve {
    const step = (this.#samples.at(-1)!.atMs + 1) / curveRows;
    return {
      columns: ['minute', 'resident memory, MiB', 'descriptors', 'threads', 'handles'],
      rows: Array.from({ length: curveRows }, (_, index) => {
        const [from, to] = [index * step, (index + 1) * step];
        const medians = (['memoryMib', 'descriptors', 'threads', 'handles'] as const).map((quantity) =>
          this.#medianBetween(quantity, from, to),
        );
        return [to / 60_000, ...medians];
      }),
    };
  }

  #medianBetween(quantity: Quantity, fromMs: number, toMs: number): number {
    const values = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map((sample) => sample[quantity]);
    return median(values.filter((value) => value !== undefined));
  }
}

function typesOf(metrics: ReadonlyMap<string, number> | undefined): ReadonlyMap<string, number> {
  const types = new Map<string, number>();
  for (const [name, value] of metrics ?? []) {
    const type = /^nodejs_active_handles\{.*type="(\w+)"/.exec(name)?.[1];
    if (type !== undefined) types.set(type, value);
  }
  return types;
}

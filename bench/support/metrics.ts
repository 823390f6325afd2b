/** Reads what the daemon's `/metrics` says. */

/** Samples of a Prometheus text, by metric name and labels as written. */
export function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const end = line.lastIndexOf(' ');
    if (!line.startsWith('#') && end > 0) found.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return found;
}

/** Sum of all samples of a metric whose labels hold `label`. */
export function total(all: ReadonlyMap<string, number>, name: string, label = ''): number {
  let sum = 0;
  for (const [key, value] of all) if (key.startsWith(`${name}{`) && key.includes(label)) sum += value;
  return sum;
}

/** The bucket that holds a quantile of what a histogram counted between two scrapes: its upper bound in seconds. */
export function quantile(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, name: string, q: number): number {
  const bounds = [...after.keys()].flatMap((key) => {
    const bound = key.startsWith(`${name}_bucket`) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
    return bound === undefined ? [] : [{ key, bound: bound === '+Inf' ? Infinity : Number(bound) }];
  });
  const counted = (key: string): number => (after.get(key) ?? 0) - (before.get(key) ?? 0);
  const count = Math.max(...bounds.map(({ key }) => counted(key)));
  return bounds.filter(({ key }) => counted(key) >= q * count).reduce((least, { bound }) => Math.min(least, bound), Infinity);
}

/** What the daemon counted between two scrapes. */
export interface Window {
  readonly probes: number;
  /** Probes that failed or were indeterminate. */
  readonly notPassed: number;
  /** Since the start of the daemon; the first verdict counts where it is `unhealthy`. */
  readonly toUnhealthy: number;
  readonly startDelayP99Ms: number;
}

export function windowBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Window {
  const grown = (name: string, label?: string): number => total(after, name, label) - total(before, name, label);
  const probes = grown('vitald_probes_total');
  return {
    probes,
    notPassed: probes - grown('vitald_probes_total', 'outcome="pass"'),
    toUnhealthy: total(after, 'vitald_backend_transitions_total', 'to="unhealthy"'),
    startDelayP99Ms: quantile(before, after, 'vitald_probe_start_delay_seconds', 0.99) * 1000,
  };
}

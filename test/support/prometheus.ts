/** The real Prometheus (Debian's), on a free port of loopback. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, runToEnd } from './child.js';
import { eventually } from './eventually.js';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Time in seconds, value as text. */
  readonly value: readonly [number, string];
}

export interface Target {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
}

export class Prometheus {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** @param target HOST:PORT to scrape every second */
  static start(t: { teardown(fn: () => unknown): void }, folder: string, target: string): Promise<Prometheus> {
    return Prometheus.startWith(t, folder, [{ job_name: 'vitald', static_configs: [{ targets: [target] }] }]);
  }

  static async startWith(t: { teardown(fn: () => unknown): void }, folder: string, scrapeConfigs: readonly object[]): Promise<Prometheus> {
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: scrapeConfigs,
      }),
    );
    const child = new Child([
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--web.external-url=http://127.0.0.1/',
      '--log.level=warn',
    ]);
    t.teardown(() => child.stop('SIGKILL'));
    const url = await eventually('Prometheus to listen', async () => {
      if (child.hasEnded) throw new Error(`Prometheus ended: ${child.errLines.join('\n')}`);
      // It does not tell which port it was given.
      const { out } = await runToEnd(['ss', '-Hltnp']);
      const [, address] = new RegExp(`(127\\.0\\.0\\.1:\\d+) .*pid=${child.pid},`).exec(out) ?? [];
      return address !== undefined && `http://${address}`;
    });
    // It listens before it can answer.
    await eventually('Prometheus to be ready', async () => (await fetch(`${url}/-/ready`)).ok);
    return new Prometheus(url);
  }

  /** An instant query. @see https://prometheus.io/docs/prometheus/latest/querying/api/ */
  async query(expression: string): Promise<readonly Sample[]> {
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = (await response.json()) as { data?: { result: readonly Sample[] } };
    return data?.result ?? [];
  }

  /** What it scrapes, with the labels before and after relabelling. */
  async targets(): Promise<readonly Target[]> {
    const response = await fetch(`${this.#url}/api/v1/targets?state=active`);
    const { data } = (await response.json()) as { data?: { activeTargets: readonly Target[] } };
    return data?.activeTargets ?? [];
  }

  /** What it says of itself, in the text format. */
  async ownMetrics(): Promise<string> {
    return (await fetch(`${this.#url}/metrics`)).text();
  }
}

/** The real Alertmanager (Debian's) on loopback, which notifies a receiver of the test. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, mustRun, runToEnd } from './child.js';
import { eventually } from './eventually.js';
import { ownAddress } from './own-address.js';

/** As its API shows it. */
export interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/** What it posts to its receivers. @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface Notification {
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly { readonly status: 'firing' | 'resolved'; readonly labels: Readonly<Record<string, string>> }[];
}

export class Alertmanager {
  readonly #folder: string;
  readonly #child: Child;
  readonly url: string;

  private constructor(folder: string, child: Child, url: string) {
    this.#folder = folder;
    this.#child = child;
    this.url = url;
  }

  /**
   * @param notify the URL that it notifies of alerts; undefined: nobody is notified
   * @param port 0: any that is free
   */
  static async start(
    t: { teardown(fn: () => unknown): void },
    folder: string,
    notify: string | undefined,
    port = 0,
  ): Promise<Alertmanager> {
    const config = join(folder, 'alertmanager.yml');
    writeFileSync(
      config,
      JSON.stringify({
        route: { receiver: 'test', group_by: ['alertname'], group_wait: '100ms', group_interval: '1s', repeat_interval: '1h' },
        receivers: [{ name: 'test', ...(notify !== undefined && { webhook_configs: [{ url: notify, send_resolved: true }] }) }],
      }),
    );
    const child = new Child([
      'prometheus-alertmanager',
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${ownAddress}:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ]);
    t.teardown(() => child.stop('SIGKILL'));
    const url = await eventually('Alertmanager to listen', async () => {
      if (child.hasEnded) throw new Error(`Alertmanager ended: ${child.errLines.join('\n')}`);
      // It does not tell which port it was given.
      const { out } = await runToEnd(['ss', '-Hltnp']);
      const [, address] = new RegExp(`(${ownAddress}:\\d+) .*pid=${child.pid},`).exec(out) ?? [];
      return address !== undefined && `http://${address}`;
    });
    await eventually('Alertmanager to be ready', async () => (await fetch(`${url}/-/ready`)).ok);
    return new Alertmanager(folder, child, url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Those that are firing. */
  async alerts(): Promise<ShownAlert[]> {
    return (await (await fetch(`${this.url}/api/v2/alerts`)).json()) as ShownAlert[];
  }

  /** What its own tool shows. */
  amtool(...args: readonly string[]): Promise<string> {
    return mustRun(['amtool', `--alertmanager.url=${this.url}`, ...args]);
  }

  /** Ends it without warning: it forgets all alerts. */
  kill(): Promise<unknown> {
    return this.#child.stop('SIGKILL');
  }

  /** Another one in its place, with what it kept on disk. */
  startAgain(t: { teardown(fn: () => unknown): void }, notify: string): Promise<Alertmanager> {
    return Alertmanager.start(t, this.#folder, notify, this.port);
  }
}

/** A configuration of vitald that checks these backends often, and tells an Alertmanager. */
export function tellingAlertmanager(url: string, backends: readonly object[]): object {
  return {
    server: { listen: '127.0.0.1:0', state_dir: 'none' },
    checker: 'lb-1',
    outputs: { alertmanager: [{ url, repeat_interval: '1s', labels: { team: 'web' }, external_url: 'http://vitald.example.com' }] },
    listeners: [{ name: 'web', check: { interval: '500ms', timeout: '300ms', unhealthy_threshold: 2, healthy_threshold: 2 }, backends }],
  };
}

/** The real daemon, started and asked as a user would. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Child, type Ended } from './child.js';
import { eventually, type Patience } from './eventually.js';

export interface DaemonOptions {
  /** Text of the configuration; anything else is written as JSON, which YAML can read. */
  readonly config: string | object;
  /** What comes before the command, for example to run it in a namespace or without a capability. */
  readonly within?: (command: readonly string[]) => readonly string[];
  /** How to reach the API; directly by default. */
  readonly fetch?: (url: string) => Promise<{ readonly status: number; readonly text: string }>;
  readonly args?: readonly string[];
}

/** A backend as `/v1/…` shows it (docs/api.md). */
export interface Backend {
  readonly listener: string;
  readonly backend: string;
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'disabled';
  readonly since: string;
  readonly routable: boolean;
  readonly routable_because: string;
  readonly last_probe: { readonly at: string; readonly outcome: string; readonly reason: string; readonly detail: string } | null;
  readonly run: { readonly outcome: string; readonly length: number } | null;
  readonly revision: number;
}

export interface BackendDetail extends Backend {
  /** Newest first, as the transitions. */
  readonly recent_probes: readonly {
    readonly at: string;
    readonly outcome: string;
    readonly reason: string;
    readonly rtt_seconds: number | null;
  }[];
  readonly transitions: readonly { readonly at: string; readonly from: string; readonly to: string; readonly reason: string | null }[];
}

export interface Status {
  readonly epoch: string;
  readonly revision: number;
  readonly complete: boolean;
  readonly backends: readonly Backend[];
  readonly removed: readonly { readonly listener: string; readonly backend: string }[];
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

const program = resolve('dist/main.js');

/** A folder that is removed with the test. */
export function temporaryFolder(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-test-'));
  t.teardown(() => {
    // A test may have made it read-only.
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export class RunningDaemon {
  readonly configFile: string;
  readonly #child: Child;
  readonly #fetch: NonNullable<DaemonOptions['fetch']>;
  #url = '';

  private constructor(child: Child, configFile: string, fetch: NonNullable<DaemonOptions['fetch']>) {
    this.#child = child;
    this.configFile = configFile;
    this.#fetch = fetch;
  }

  /**
   * Starts the daemon without waiting for anything.
   * @param folder where its configuration is written
   */
  static launch(folder: string, { config, within = (command) => command, fetch = directly, args = [] }: DaemonOptions): RunningDaemon {
    const configFile = join(folder, 'vitald.yaml');
    writeConfig(configFile, config);
    const child = new Child(within([process.execPath, program, 'run', '-c', configFile, ...args]), { cwd: folder });
    return new RunningDaemon(child, configFile, fetch);
  }

  /** Starts the daemon and waits until its API listens; it ends with the test. */
  static async start(t: { teardown(fn: () => unknown): void }, folder: string, options: DaemonOptions): Promise<RunningDaemon> {
    const daemon = RunningDaemon.launch(folder, options);
    t.teardown(() => daemon.stop());
    await daemon.listening();
    return daemon;
  }

  async listening(): Promise<void> {
    const line = await this.#child.line(/the API listens at/);
    this.#url = /https?:\/\/[^"\s]+/.exec(line)![0];
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get ended(): Promise<Ended> {
    return this.#child.ended;
  }

  /** Lines that are wanted, once there are `count` of them: the daemon writes its log after it has answered. */
  logged(wanted: (line: LogLine) => boolean, count = 1): Promise<LogLine[]> {
    return eventually(`${count} lines in the log`, () => {
      const found = this.log.filter(wanted);
      return found.length >= count && found;
    });
  }

  /** All lines of the log so far. */
  get log(): LogLine[] {
    return this.#child.outLines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
  }

  /** What was said on standard error. */
  get complaints(): string[] {
    return this.#child.errLines;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.process.kill(signal);
  }

  stop(signal?: NodeJS.Signals): Promise<Ended> {
    return this.#child.stop(signal);
  }

  rewriteConfig(config: string | object): void {
    writeConfig(this.configFile, config);
  }

  /** @throws Error for any answer but 200 */
  async text(path: string): Promise<string> {
    const { status, text } = await this.#fetch(`${this.#url}${path}`);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return text;
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  status(query = ''): Promise<Status> {
    return this.get(`/v1/status${query}`);
  }

  /**
   * Waits until all backends are as wanted, and the changes that led there are told: a state can be read a moment before
   * its revision is given out, and a poller that asks from then on hears of it.
   */
  statusWhen(wanted: (backends: readonly Backend[]) => boolean): Promise<Status> {
    return eventually('the status', async () => {
      const status = await this.status();
      const isTold = status.backends.every(({ revision }) => revision <= status.revision);
      return isTold && wanted(status.backends) && status;
    });
  }

  backend(listener: string, id: string): Promise<BackendDetail> {
    return this.get(backendPath(listener, id));
  }

  /** Waits until a backend is there, and as wanted. */
  backendWhen(listener: string, id: string, wanted: (backend: BackendDetail) => boolean, patience?: Patience): Promise<BackendDetail> {
    let last: BackendDetail | undefined;
    return eventually(
      `${listener}/${id}`,
      async () => {
        const { status, text } = await this.#fetch(`${this.#url}${backendPath(listener, id)}`);
        if (status === 404) return false;
        last = JSON.parse(text) as BackendDetail;
        return wanted(last) && last;
      },
      patience,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`);
    });
  }

  /** The value of a series in /metrics; labels as they are written there, in any order. */
  async metric(name: string, ...labels: string[]): Promise<number> {
    const lines = (await this.text('/metrics')).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines
      .filter((line) => labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}

function backendPath(listener: string, id: string): string {
  return `/v1/listeners/${listener}/backends/${encodeURIComponent(id)}`;
}

function writeConfig(file: string, config: string | object): void {
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
}

async function directly(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  return { status: response.status, text: await response.text() };
}

/**
 * Takes every capability from a command: what an ordinary user may do. The user stays the same, since another might not
 * be allowed to read the place that the project was cloned to.
 */
export function withoutCapabilities(command: readonly string[]): string[] {
  return process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all', ...command] : [...command];
}

/**
 * The example of deploy/examples/haproxy as its user would try it: three backends and a client that counts failed requests,
 * behind three HAProxies at once – one that vitald tells, one that asks vitald, one that checks by itself. All of them meet
 * the same death at the same moment.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import { Child } from './child.js';
import { CountingClient, type CountedRequest } from './counting-client.js';
import { RunningDaemon, temporaryFolder } from './daemon.js';
import { eventually } from './eventually.js';
import { Haproxy } from './haproxy.js';
import { ownAddress } from './own-address.js';

export type Setup = 'runtime' | 'agent' | 'own checks';
export const setups = ['runtime', 'agent', 'own checks'] as const satisfies readonly Setup[];

/** What happens to a backend. `silent`: it is stopped, and accepts connections, which nobody answers. */
export type Event = 'killed' | 'silent' | 'maintenance';

export interface TrialOptions {
  /** Of the checks; the example has a second. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly agentIntervalMs: number;
  /** Of this process's own address. */
  readonly firstPort: number;
  /** Requests per second to each HAProxy, half of them over connections that are kept. */
  readonly rate: number;
}

/** What one event cost behind one HAProxy. */
export interface Cost {
  readonly failed: number;
  /** Answered in the end, but not within {@link slowMs}: HAProxy sent them to a server that was silent, then to another. */
  readonly slow: number;
  readonly sent: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Until HAProxy sent it no more requests, and until it did again. */
  readonly outMs: number;
  readonly backMs: number;
}

const example = resolve('deploy/examples/haproxy');
const backends = ['app-1', 'app-2', 'app-3'] as const;
type Backend = (typeof backends)[number];
/** A request that fails does so within HAProxy's timeouts. */
const clientTimeoutMs = 5000;
/** What a user notices. */
const slowMs = 300;

/** One HAProxy, with what decides for it. */
interface Running {
  readonly haproxy: Haproxy;
  readonly daemon: RunningDaemon | undefined;
  readonly clients: readonly CountingClient[];
}

export class HaproxyTrial {
  readonly #t: Test;
  readonly #options: TrialOptions;
  readonly #folder: string;
  readonly #servers = new Map<Backend, Child>();
  readonly #running = new Map<Setup, Running>();

  private constructor(t: Test, options: TrialOptions) {
    this.#t = t;
    this.#options = options;
    this.#folder = temporaryFolder(t);
  }

  /** Starts everything, and waits until every HAProxy uses every backend. */
  static async start(t: Test, options: TrialOptions): Promise<HaproxyTrial> {
    comeFirst();
    const trial = new HaproxyTrial(t, options);
    for (const name of backends) await trial.#startBackend(name);
    for (const setup of setups) trial.#running.set(setup, await trial.#startSetup(setup));
    for (const name of backends) await trial.#when(name, true);
    // Until its first check HAProxy takes a server out at the first failure, not at the second.
    await pause(2 * options.intervalMs);
    return trial;
  }

  /** Lets something happen to a backend, and undoes it when every HAProxy has taken it out. */
  async suffer(event: Event, backend: Backend): Promise<Record<Setup, Cost>> {
    // What happens does not wait for the checks; by chance they are early or late.
    await pause(Math.random() * this.#options.intervalMs);
    const begin = performance.now();
    await this.#do(event, backend);
    const out = await this.#when(backend, false);
    // What is under way when it is taken out.
    await pause(this.#options.intervalMs);
    if (event === 'maintenance') await this.#answeredUpTo(performance.now());
    const undone = performance.now();
    await this.#undo(event, backend);
    const back = await this.#when(backend, true);
    await pause(this.#options.intervalMs);
    const end = performance.now();
    await this.#answeredUpTo(end);
    const costs = setups.map((setup) => {
      const requests = this.#running.get(setup)!.clients.flatMap((client) => client.requests);
      const times = { outMs: out.get(setup)! - begin, backMs: back.get(setup)! - undone };
      return [setup, { ...costOf(requests.filter(({ atMs }) => atMs >= begin && atMs < end)), ...times }] as const;
    });
    return Object.fromEntries(costs) as Record<Setup, Cost>;
  }

  async #do(event: Event, backend: Backend): Promise<void> {
    const server = this.#servers.get(backend)!;
    if (event === 'killed') await server.stop('SIGKILL');
    else if (event === 'silent') process.kill(server.pid, 'SIGSTOP');
    else await this.#maintain(backend, true);
  }

  /** Maintenance is there to restart what is maintained. */
  async #undo(event: Event, backend: Backend): Promise<void> {
    if (event === 'silent') return void process.kill(this.#servers.get(backend)!.pid, 'SIGCONT');
    if (event === 'maintenance') await this.#servers.get(backend)!.stop('SIGKILL');
    await this.#startBackend(backend);
    if (event !== 'maintenance') return;
    for (const { daemon } of this.#running.values()) {
      if (daemon === undefined) continue;
      const since = Date.now();
      await daemon.backendWhen('web', backend, ({ state, last_probe: probe }) => state === 'healthy' && Date.parse(probe!.at) > since);
    }
    await this.#maintain(backend, false);
  }

  /** Over the API of vitald; where there is none, over HAProxy's own. */
  async #maintain(backend: Backend, begins: boolean): Promise<void> {
    for (const { daemon, haproxy } of this.#running.values()) {
      if (daemon === undefined) {
        await haproxy.ask(`set server web/${backend} state ${begins ? 'maint' : 'ready'}`);
        continue;
      }
      const url = `${daemon.url}/v1/listeners/web/backends/${backend}/override`;
      const body = JSON.stringify({ mode: 'maintenance', by: 'alice', reason: 'a new version' });
      const put = { method: 'PUT', headers: { 'content-type': 'application/json' }, body };
      const response = await fetch(begins ? url : `${url}?by=alice&reason=done`, begins ? put : { method: 'DELETE' });
      if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    }
  }

  async #startBackend(name: Backend): Promise<void> {
    const port = String(this.#backendPort(name));
    const program = join(this.#folder, 'backend.mjs');
    if (!existsSync(program))
      writeFileSync(program, readFileSync(join(example, 'backend.mjs'), 'utf8').replaceAll('127.0.0.1', ownAddress));
    const child = new Child([process.execPath, program, name, port]);
    this.#t.teardown(() => child.stop('SIGKILL'));
    await child.line(/answers at/);
    this.#servers.set(name, child);
  }

  #backendPort(name: Backend): number {
    return this.#options.firstPort + backends.indexOf(name);
  }

  async #startSetup(setup: Setup): Promise<Running> {
    const folder = temporaryFolder(this.#t);
    const haproxy = new Haproxy(this.#t, folder);
    const port = this.#options.firstPort + backends.length + 1 + setups.indexOf(setup);
    const [haproxyFile, vitaldFile] = filesOf(setup);
    haproxy.write(this.#adapted(haproxyFile, haproxy.socket).replace(':8080', `:${port}`));
    await haproxy.start();
    const config = vitaldFile && this.#adapted(vitaldFile, haproxy.socket).replace(':8248', ':0\n  state_dir: none');
    const daemon = config === undefined ? undefined : await RunningDaemon.start(this.#t, folder, { config });
    const clients = [true, false].map((keepAlive) => {
      const rate = this.#options.rate / 2;
      const client = CountingClient.start(`http://${ownAddress}:${port}/`, {
        rate,
        concurrency: 500,
        timeoutMs: clientTimeoutMs,
        keepAlive,
      });
      this.#t.teardown(() => client.stop());
      return client;
    });
    return { haproxy, daemon, clients };
  }

  /** A file of the example with ports, socket and times of this trial. */
  #adapted(file: string, socket: string): string {
    const { intervalMs, timeoutMs, agentIntervalMs, firstPort } = this.#options;
    const text = readFileSync(join(example, file), 'utf8')
      .replaceAll(/800([123])\b/g, (_, number) => String(firstPort + Number(number) - 1))
      .replaceAll('8249', String(firstPort + backends.length))
      .replaceAll('agent-inter 200ms', `agent-inter ${agentIntervalMs}ms`)
      .replaceAll(/(?<!agent-)(inter |interval: )1s/g, `$1${intervalMs}ms`)
      .replaceAll('800ms', `${timeoutMs}ms`)
      .replaceAll('/tmp/vitald-example.sock', socket)
      .replaceAll('127.0.0.1', ownAddress);
    // The trial looks at the servers of the one that has no socket, too.
    return file.endsWith('.cfg') && !text.includes('stats socket') ? `global\n    stats socket ${socket} level admin\n${text}` : text;
  }

  /** Waits until every HAProxy uses a backend, or none does. @returns when each began to */
  async #when(backend: Backend, isUsed: boolean): Promise<Map<Setup, number>> {
    const times = await Promise.all(
      setups.map(async (setup) => {
        await this.#running.get(setup)!.haproxy.serverWhen('web', backend, (server) => server.isUsed === isUsed);
        return [setup, performance.now()] as const;
      }),
    );
    return new Map(times);
  }

  /** Waits until all requests that were sent up to then have ended. */
  async #answeredUpTo(ms: number): Promise<void> {
    const clients = [...this.#running.values()].flatMap((running) => running.clients);
    await eventually('the answers', () => clients.every((client) => client.oldestInFlightMs > ms));
  }
}

function filesOf(setup: Setup): [haproxy: string, vitald?: string] {
  switch (setup) {
    case 'runtime':
      return ['haproxy.cfg', 'vitald.yaml'];
    case 'agent':
      return ['haproxy-agent.cfg', 'vitald-agent.yaml'];
    case 'own checks':
      return ['haproxy-own-checks.cfg'];
    default:
      return setup satisfies never;
  }
}

/**
 * All of the trial before other tests: a checker that finds itself late takes no silence for a failure, and then the trial
 * would measure what else the machine had to do. What is started from now on inherits it. Without the right to: as it is.
 */
function comeFirst(): void {
  spawnSync('chrt', ['--rr', '--pid', '1', String(process.pid)], { stdio: 'ignore' });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function costOf(requests: readonly CountedRequest[]): Omit<Cost, 'outMs' | 'backMs'> {
  const failed = requests.filter(({ kind }) => kind !== 'ok');
  const kinds: Record<string, number> = {};
  for (const { kind } of failed) kinds[kind] = (kinds[kind] ?? 0) + 1;
  const slow = requests.filter(({ kind, tookMs }) => kind === 'ok' && tookMs > slowMs);
  return { failed: failed.length, slow: slow.length, sent: requests.length, kinds };
}

/**
 * The example of deploy/examples/nginx/, as its README tells it, on other addresses: three backends, nginx, a client, and
 * vitald, or nginx’s own passive checks instead.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Child } from './child.js';
import { CountingClient, type CountedRequests } from './counting-client.js';
import { RunningDaemon, temporaryFolder } from './daemon.js';
import { eventually } from './eventually.js';
import { whoAnswer } from './nginx-backends.js';
import { NginxProxy } from './nginx-proxy.js';

export interface TrialOptions {
  /** Of loopback; nobody else’s. */
  readonly address: string;
  readonly checks: 'vitald' | 'nginx';
  /** Of the client (pace.ts). Trials that are compared have the same, or they count different things. */
  readonly pace: number;
  /** Other words for some in the files of the example. */
  readonly changes?: readonly (readonly [from: string | RegExp, to: string])[];
}

const example = 'deploy/examples/nginx';
const names = ['app-1', 'app-2', 'app-3'];
/** Requests per second, and how long the client is patient, on an idle machine: one that is busy cannot answer so many. */
const [rate, patienceMs] = [100, 2000];
/** Longer than this, and people notice. */
const slowMs = 500;

export interface Phase extends CountedRequests {
  readonly name: string;
  readonly slow: number;
}

class BackendProcess {
  readonly #command: readonly string[];
  #process: Child | undefined;

  constructor(t: Test, command: readonly string[]) {
    this.#command = command;
    t.teardown(() => this.#process?.stop('SIGKILL'));
  }

  async start(): Promise<void> {
    this.#process = new Child(this.#command);
    await this.#process.line(/listens at/);
  }

  /** Its connections are reset, further ones refused. */
  async kill(): Promise<void> {
    await this.#process!.stop('SIGKILL');
  }

  /** Silent from now on: the kernel goes on accepting connections. */
  freeze(): void {
    this.#process!.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process!.process.kill('SIGCONT');
  }
}

export class NginxTrial {
  readonly backends: readonly BackendProcess[];
  readonly nginx: NginxProxy;
  readonly #t: Test;
  readonly #folder: string;
  readonly #phases: { readonly name: string; readonly begun: number; readonly ended: number }[] = [];
  readonly #checks: TrialOptions['checks'];
  readonly #pace: number;
  #daemon: RunningDaemon | undefined;
  #client: CountingClient | undefined;

  constructor(t: Test, { address, checks, pace, changes = [] }: TrialOptions) {
    this.#t = t;
    this.#checks = checks;
    this.#pace = pace;
    this.#folder = temporaryFolder(t);
    cpSync(example, this.#folder, { recursive: true });
    // What nginx can do by itself, with the interval of the check.
    const own = /(server 127.0.0.1:\d+);/g;
    const all = [...(checks === 'nginx' ? [[own, '$1 max_fails=1 fail_timeout=1s;'] as const] : []), ...changes];
    for (const name of readdirSync(this.#folder)) this.#adapt(join(this.#folder, name), address, all);
    const command = (name: string, place: number) => [
      process.execPath,
      join(this.#folder, 'backend.mjs'),
      address,
      `1835${place + 1}`,
      name,
    ];
    this.backends = names.map((name, place) => new BackendProcess(t, command(name, place)));
    this.nginx = NginxProxy.in(t, this.#folder, `http://${address}:18350/`);
  }

  async start(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.start()));
    await this.nginx.start();
    if (this.#checks === 'vitald') {
      const config = readFileSync(join(this.#folder, 'vitald.yaml'), 'utf8');
      this.#daemon = await RunningDaemon.start(this.#t, this.#folder, { config });
      await this.#daemon.statusWhen((list) => list.every(({ state }) => state === 'healthy'));
      await this.#daemon.logged(({ msg }) => msg.startsWith('nginx was reloaded'));
    }
    const [perSecond, timeoutMs] = [rate / this.#pace, patienceMs * this.#pace];
    const client = CountingClient.start(this.nginx.url, { rate: perSecond, concurrency: 1000, timeoutMs });
    this.#client = client;
    this.#t.teardown(() => client.stop());
  }

  /** Something happens, and the requests that are sent meanwhile are counted; then all is as before. */
  async phase(name: string, happens: () => Promise<void>): Promise<void> {
    const begun = performance.now();
    await happens();
    this.#phases.push({ name, begun, ended: performance.now() });
    await this.#answers(names);
  }

  /** @returns what came of the requests of each phase */
  async stop(): Promise<Phase[]> {
    const client = this.#client!;
    await client.stop();
    return this.#phases.map(({ name, begun, ended }) => {
      const sent = client.requests.filter(({ atMs }) => atMs >= begun && atMs < ended);
      return { name, ...client.counts(begun, ended), slow: sent.filter(({ tookMs }) => tookMs > slowMs).length };
    });
  }

  /** As an operator does it; with nginx alone there is no such thing. */
  async maintenance(place: number, begins: boolean): Promise<void> {
    if (this.#daemon === undefined) return;
    const url = `${this.#daemon.url}/v1/listeners/web/backends/${names[place]!}/override`;
    const body = JSON.stringify({ mode: 'maintenance', reason: 'a new version' });
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(url, begins ? { method: 'PUT', headers, body } : { method: 'DELETE' });
    if (status >= 300) throw new Error(`the override: ${status}`);
    await this.#answers(names.filter((_, other) => !begins || other !== place));
  }

  #answers(wanted: readonly string[]): Promise<unknown> {
    return eventually(`answers of ${wanted.join(', ')}`, async () => String(await whoAnswer(this.nginx)) === String(wanted));
  }

  #adapt(file: string, address: string, changes: readonly (readonly [string | RegExp, string])[]): void {
    let text = readFileSync(file, 'utf8');
    for (const [from, to] of changes) text = text.replaceAll(from, to);
    const adapted = text
      .replaceAll('127.0.0.1:8248', '127.0.0.1:0')
      .replaceAll('127.0.0.1', address)
      .replaceAll(/\b810([0-3])\b/g, '1835$1')
      .replaceAll('${PWD}', this.#folder)
      .replace('worker_processes', `${process.getuid?.() === 0 ? 'user root; ' : ''}worker_processes`);
    writeFileSync(file, adapted);
  }
}

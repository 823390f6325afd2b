/** The real HAProxy (Debian's), and what it says of its servers. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Child } from './child.js';
import { eventually } from './eventually.js';

/** One that is stopped, or that ends, may not answer. */
const askWithinMs = 5000;

/** A server as HAProxy shows it. */
export interface ShownServer {
  /** `UP`, `DOWN`, `MAINT`, `DRAIN`, `no check` (up, and nobody asks) …; see `show stat`. */
  readonly status: string;
  readonly weight: number;
  /** What the last agent said. */
  readonly agent: string;
  /** Whether it takes new clients. */
  readonly isUsed: boolean;
}

export class Haproxy {
  readonly socket: string;
  readonly #file: string;
  #child: Child | undefined;

  /** @param folder where its configuration and its socket are */
  constructor(t: { teardown(fn: () => unknown): void }, folder: string) {
    this.#file = join(folder, 'haproxy.cfg');
    this.socket = join(folder, 'admin.sock');
    t.teardown(() => this.stop('SIGKILL'));
  }

  /**
   * Starts it and waits until it answers.
   * @param sections what comes after `global` and `defaults`
   */
  async start(sections?: string, { masterWorker = false } = {}): Promise<void> {
    if (sections !== undefined) this.configure(sections);
    this.#child = new Child(['haproxy', masterWorker ? '-W' : '-db', '-f', this.#file]);
    await this.answering();
  }

  /** Waits until it answers commands. */
  async answering(): Promise<void> {
    await eventually('HAProxy', async () => {
      if (this.#child?.hasEnded === true) throw new Error(`HAProxy ended: ${this.#child.errLines.join('\n')}`);
      return (await this.ask('show info').catch(() => '')).includes('Pid:');
    });
  }

  /** @param sections what comes after `global` and `defaults` */
  configure(sections: string): void {
    this.write(`global
    stats socket ${this.socket} mode 600 level admin
    maxconn 1000
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    timeout check 1s
${sections}
`);
  }

  /** Its whole configuration. */
  write(text: string): void {
    writeFileSync(this.#file, text);
  }

  get pid(): number {
    return this.#child!.pid;
  }

  /** What it wrote: changes of servers among others. */
  get lines(): readonly string[] {
    return this.#child?.errLines ?? [];
  }

  /** Reloads a master and its worker. @param isDone whether the new worker is seen to be there */
  async reload(isDone: () => Promise<boolean>): Promise<void> {
    let signaledAt = -Infinity;
    await eventually('the reload', async () => {
      // A master that has just begun does not hear it yet.
      if (performance.now() - signaledAt > 3000) {
        this.signal('SIGUSR2');
        signaledAt = performance.now();
      }
      return isDone();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.process.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    // One that was stopped does not hear anything else.
    this.#child?.process.kill('SIGCONT');
    await this.#child?.stop(signal);
    this.#child = undefined;
  }

  /** What a command of the Runtime API answers. @throws Error where it does not */
  async ask(command: string): Promise<string> {
    const socket = connect({ path: this.socket, signal: AbortSignal.timeout(askWithinMs) });
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(`${command}\n`);
    // Rejects where there is an error.
    await once(socket, 'close');
    return answer;
  }

  /** @returns what stands in a column of the server's line */
  async #row(backend: string, name: string): Promise<((column: string) => string) | undefined> {
    const [header = '', ...rows] = (await this.ask('show stat').catch(() => '')).split('\n');
    const columns = header.slice(2).split(',');
    const row = rows.map((line) => line.split(',')).find(([px, sv]) => px === backend && sv === name);
    return row === undefined ? undefined : (column) => row[columns.indexOf(column)] ?? '';
  }

  async server(backend: string, name: string): Promise<ShownServer | undefined> {
    const cell = await this.#row(backend, name);
    if (cell === undefined) return undefined;
    const status = cell('status');
    const weight = Number(cell('weight'));
    return { status, weight, agent: cell('last_agt'), isUsed: /^(UP|no check)/.test(status) && weight > 0 };
  }

  /** How the last check of a server ended, as `show stat` puts it: `L7OK`, `L7STS` ...; `* L7OK` while one is running. */
  async checkStatus(backend: string, name: string): Promise<string> {
    return (await this.#row(backend, name))?.('check_status') ?? '';
  }

  /** Waits until a server is as wanted. */
  async serverWhen(backend: string, name: string, wanted: (server: ShownServer) => boolean): Promise<ShownServer> {
    let last: ShownServer | undefined;
    return eventually(`${backend}/${name}`, async () => {
      last = await this.server(backend, name);
      return last !== undefined && wanted(last) && last;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`);
    });
  }
}

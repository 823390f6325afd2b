/** The measurement's end of readers-process.ts. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PollerCounts } from './poller.js';

export interface Readers {
  /** Clients that wait for changes and keep track of every backend. */
  readonly pollers?: number;
  /** Clients that wait for changes and only read what comes: hundreds of them fit into one process. */
  readonly waiters?: number;
  /** How often `/v1/status` is read in full. */
  readonly fullEveryMs?: number;
}

/** Since they were asked for last. */
export interface ClientCounts {
  pollers: PollerCounts[];
  waiterAnswers: number;
  /** How long each full answer took. */
  fullMs: number[];
  bytes: number;
  /** Answers that listed an unhealthy backend, to waiters and full readers. */
  unhealthyAnswers: number;
}

export class ClientProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when all of them read. */
  static async start(url: string, readers: Readers): Promise<ClientProcess> {
    const client = new ClientProcess(fork(fileURLToPath(new URL('./readers-process.js', import.meta.url)), [url, JSON.stringify(readers)]));
    await client.#message();
    return client;
  }

  async takeCounts(): Promise<ClientCounts> {
    this.#child.send('counts');
    return (await this.#message()) as ClientCounts;
  }

  end(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }

  /** @throws Error where the process ends instead */
  async #message(): Promise<unknown> {
    const ended = once(this.#child, 'exit').then(() => Promise.reject(new Error('the readers ended by themselves')));
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [unknown];
    return message;
  }
}

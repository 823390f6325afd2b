/**
 * A client of `/v1/status` that waits for changes and keeps track of every backend, as a load balancer's control plane
 * does. Counts what it is told, and whether anything is told twice.
 */
import { Agent } from 'node:http';
import { getBody } from './http-client.js';

export interface PollerCounts {
  /** How often a backend turned to another state. */
  readonly transitions: number;
  /** How often a backend was listed with a revision that had been listed already. */
  readonly twice: number;
  /** From each change of state until the poller had read of it, ms. */
  readonly delaysMs: readonly number[];
}

interface Answer {
  readonly revision: number;
  readonly backends: readonly { readonly backend: string; readonly state: string; readonly since: string; readonly revision: number }[];
}

export class Poller {
  readonly #url: string;
  readonly #known = new Map<string, { readonly state: string; readonly revision: number }>();
  readonly #agent = new Agent({ keepAlive: true });
  #revision = 0;
  #twice = 0;
  #delaysMs: number[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** Reads everything once. */
  async begin(): Promise<void> {
    await this.#ask('');
  }

  /** Follows the changes, without end. */
  async follow(): Promise<never> {
    for (;;) await this.#ask(`?since=${this.#revision}&wait=30s`);
  }

  /** What was counted since this was asked last. */
  takeCounts(): PollerCounts {
    const counts = { transitions: this.#delaysMs.length, twice: this.#twice, delaysMs: this.#delaysMs };
    this.#twice = 0;
    this.#delaysMs = [];
    return counts;
  }

  async #ask(query: string): Promise<void> {
    const body = await getBody(`${this.#url}/v1/status${query}`, this.#agent);
    const readAt = Date.now();
    const answer = JSON.parse(body.toString()) as Answer;
    for (const { backend, state, since, revision } of answer.backends) {
      const known = this.#known.get(backend);
      if (known?.revision === revision) this.#twice++;
      if (known !== undefined && known.state !== state) this.#delaysMs.push(readAt - Date.parse(since));
      this.#known.set(backend, { state, revision });
    }
    this.#revision = answer.revision;
  }
}

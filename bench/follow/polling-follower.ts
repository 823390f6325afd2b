/** Follows `/v1/status` by polling with `since`, as docs/api.md says. */
import { Agent } from 'node:http';
import { sleep } from '../support/process.js';
import { applyStatus, readStatus, type Picture } from './picture.js';

const retryMs = 100;

export class PollingFollower {
  readonly picture: Picture = new Map();
  revision = 0;
  /** Complete answers: the first one, and any by which the daemon made it start over. */
  resets = 0;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  #since = '';
  #ended = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Follows until {@link end}. An answer that is lost is asked for again. */
  async follow(): Promise<void> {
    while (!this.#ended) {
      try {
        const answer = await readStatus(this.#url, this.#agent, `?wait=30s${this.#since}`);
        applyStatus(this.picture, answer);
        this.revision = answer.revision;
        if (answer.complete) this.resets++;
        this.#since = `&since=${answer.revision}${answer.epoch === undefined ? '' : `&epoch=${answer.epoch}`}`;
      } catch {
        await sleep(retryMs);
      }
    }
  }

  /** Loses the connection, and with it the answer that is under way. */
  cut(): void {
    for (const sockets of Object.values(this.#agent.sockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  end(): void {
    this.#ended = true;
    this.cut();
  }
}

/**
 * A client that sends GET requests at a steady rate and counts how they end. It is open: the next request is due when its
 * time has come, whether or not those before have been answered, as with many users who know nothing of each other.
 */
import { Agent, request } from 'node:http';

export interface CountingOptions {
  /** Requests per second. */
  readonly rate: number;
  /** Requests in flight at most; one that is due beyond that counts as failed: `not_sent`. */
  readonly concurrency: number;
  /** From sending a request to the end of its answer. */
  readonly timeoutMs: number;
  /** False: a new connection for each request. Default true. */
  readonly keepAlive?: boolean;
}

/** How one request ended. */
export interface CountedRequest {
  /** When it was sent, `performance.now()`. */
  readonly atMs: number;
  readonly tookMs: number;
  /** `ok` for a status of 2xx; otherwise `status_503`, `timeout`, `not_sent`, or the error's code in lower case: `econnreset` … */
  readonly kind: string;
  /** Who answered: the header `x-backend`. */
  readonly by: string | undefined;
}

export interface CountedRequests {
  readonly ok: number;
  readonly failed: number;
  /** Failed ones by how they ended. */
  readonly kinds: Readonly<Record<string, number>>;
  /** From the first failure to the last, ms; 0 where there is none. */
  readonly failingForMs: number;
}

/** What is looked at between two ticks of the clock is sent together; enough for thousands per second. */
const tickMs = 5;

export class CountingClient {
  /** All that have ended, in the order of their ends. */
  readonly requests: CountedRequest[] = [];
  /** Requests that were sent again because the connection that they were to reuse had been closed meanwhile (RFC 9112, 9.3.1). */
  resent = 0;
  readonly #url: string;
  readonly #options: CountingOptions;
  readonly #agent: Agent;
  /** With the time at which each was sent, in the order of these times. */
  readonly #inFlight = new Map<Promise<void>, number>();
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #due = 0;

  private constructor(url: string, options: CountingOptions) {
    this.#url = url;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: options.keepAlive ?? true });
    this.#timer = setInterval(() => this.#sendDue(), tickMs);
  }

  static start(url: string, options: CountingOptions): CountingClient {
    return new CountingClient(url, options);
  }

  /** Sends no more, and waits for those in flight. May be called again. @returns what came of all */
  async stop(): Promise<CountedRequests> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight.keys());
    this.#agent.destroy();
    return this.counts();
  }

  /** @param sinceMs only requests that were sent from then on (`performance.now()`) @param untilMs and before then */
  counts(sinceMs = -Infinity, untilMs = Infinity): CountedRequests {
    const wanted = this.requests.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs);
    const failed = wanted.filter(({ kind }) => kind !== 'ok');
    const kinds: Record<string, number> = {};
    for (const { kind } of failed) kinds[kind] = (kinds[kind] ?? 0) + 1;
    const times = failed.map(({ atMs }) => atMs);
    const failingForMs = times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
    return { ok: wanted.length - failed.length, failed: failed.length, kinds, failingForMs };
  }

  /** When the oldest request was sent that has not ended yet (`performance.now()`); Infinity where there is none. */
  get oldestInFlightMs(): number {
    const [oldest = Infinity] = this.#inFlight.values();
    return oldest;
  }

  #sendDue(): void {
    const due = ((performance.now() - this.#startedAt) / 1000) * this.#options.rate;
    for (; this.#due < due; this.#due++) this.#sendOne();
  }

  #sendOne(): void {
    const atMs = performance.now();
    const end = (kind: string, by?: string): void => {
      this.requests.push({ atMs, tookMs: performance.now() - atMs, kind, by });
    };
    if (this.#inFlight.size >= this.#options.concurrency) return end('not_sent');
    const ended = this.#exchange(end).finally(() => this.#inFlight.delete(ended));
    this.#inFlight.set(ended, atMs);
  }

  /** @param freshConnection where the one that was to be reused had been closed */
  #exchange(end: (kind: string, by?: string) => void, freshConnection = false): Promise<void> {
    return new Promise((resolve) => {
      const signal = AbortSignal.timeout(this.#options.timeoutMs);
      const sent = request(this.#url, { agent: freshConnection ? false : this.#agent, signal });
      let hasAnswered = false;
      let hasEnded = false;
      const ended = (kind: string, by?: string): void => {
        if (hasEnded) return;
        hasEnded = true;
        end(kind, by);
        resolve();
      };
      const failed = (error: NodeJS.ErrnoException): void => {
        if (!hasEnded && !hasAnswered && sent.reusedSocket && error.code === 'ECONNRESET') {
          hasEnded = true;
          this.resent++;
          return resolve(this.#exchange(end, true));
        }
        ended(signal.aborted ? 'timeout' : (error.code ?? error.name).toLowerCase());
      };
      sent.on('error', failed);
      sent.on('response', (answer) => {
        hasAnswered = true;
        const { statusCode = 0, headers } = answer;
        answer.on('error', failed);
        answer.on('end', () => ended(kindOf(statusCode), headers['x-backend'] as string | undefined));
        answer.resume();
      });
      sent.end();
    });
  }
}

function kindOf(status: number): string {
  return status >= 200 && status < 300 ? 'ok' : `status_${status}`;
}

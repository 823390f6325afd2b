/**
 * Posts JSON to a URL, again and again over one connection. What the other side sends is bounded and not kept; redirects
 * are not followed, for they would carry secrets elsewhere. No message tells more of the URL than scheme, host and port.
 */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { readBounded } from '../../files/bounded-read.js';
import { readProblem } from '../../files/regular-file.js';
import { RunFailure } from '../retry/cycle.js';

export interface HttpPosterOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly caFile: string | undefined;
  /** For one request, from the name's lookup to the end of the answer. */
  readonly timeoutMs: number;
  /** Of vitald, for User-Agent. */
  readonly version: string;
}

/** An answer that says that the same request will not do later either. */
export class RequestRefused extends Error {}

/** Of a body so much is read, to have the connection free for the next request; beyond it the connection ends. */
const mostBodyBytes = 64 * 1024;
/** A ca_file that is larger is refused. */
const mostCaBytes = 4 * 1024 * 1024;
const longestRetryAfterMs = 5 * 60_000;
/** Client errors that pass (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4). */
const passing = [408, 425, 429];

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export class HttpPoster {
  readonly #options: HttpPosterOptions;
  readonly #url: URL;
  #agent: HttpAgent | HttpsAgent | undefined;
  #ca: string | undefined;

  /** @param options the URL and the headers are valid: see http-options.ts */
  constructor(options: HttpPosterOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
  }

  /** Who is asked: all of the URL that may be shown. */
  get target(): string {
    return this.#url.origin;
  }

  /**
   * Resolves when the body was accepted (2xx).
   *
   * @param headers beside those of the options
   * @throws RequestRefused for other answers than 2xx, 408, 425, 429 and 5xx
   * @throws RunFailure where the other side says when to come again
   * @throws Error for people, in all other cases
   */
  async post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const ca = await this.#readCa();
    const { status, retryAfter } = await this.#send(body, headers, ca, signal);
    if (status >= 200 && status < 300) return;
    const said = `${this.target} answered ${status}`;
    if (status < 400) throw new RequestRefused(`${said}; redirects are not followed: write the final address in url`);
    if (status < 500 && !passing.includes(status)) throw new RequestRefused(said);
    const afterMs = retryAfterMs(retryAfter);
    if (afterMs === undefined) throw new Error(said);
    throw new RunFailure(`${said} and asked to retry after ${Math.ceil(afterMs / 1000)} s`, { afterMs });
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #readCa(): Promise<string | undefined> {
    const { caFile } = this.#options;
    if (caFile === undefined) return undefined;
    try {
      return (await readBounded(caFile, { mostBytes: mostCaBytes })).toString('utf8');
    } catch (error) {
      throw new Error(`the ca_file ${caFile} cannot be read (${readProblem(error)})`, { cause: error });
    }
  }

  /** An idle connection may have been closed just as it was to be used: then another one is made. */
  async #send(body: string, headers: Readonly<Record<string, string>>, ca: string | undefined, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#options;
    for (;;) {
      const request = this.#request(body, headers, ca);
      try {
        return await answerOf(request, timeoutMs, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error === tooLate) throw new Error(`${this.target} did not answer within ${timeoutMs / 1000} s`);
        const { code } = error as NodeJS.ErrnoException;
        if (request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) continue;
        throw new Error(`${this.target} ${problemOf(code)}`);
      }
    }
  }

  #request(body: string, headers: Readonly<Record<string, string>>, ca: string | undefined): ClientRequest {
    const isHttps = this.#url.protocol === 'https:';
    return (isHttps ? httpsRequest : httpRequest)(this.#url, {
      method: 'POST',
      agent: this.#agentFor(ca, isHttps),
      headers: {
        'User-Agent': `vitald/${this.#options.version}`,
        ...this.#options.headers,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        ...headers,
      },
    }).end(body);
  }

  #agentFor(ca: string | undefined, isHttps: boolean): HttpAgent | HttpsAgent {
    if (this.#agent !== undefined && ca === this.#ca) return this.#agent;
    this.#agent?.destroy();
    this.#ca = ca;
    // Said explicitly: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would turn verification off.
    const tls = { rejectUnauthorized: true, ...(ca !== undefined && { ca }) };
    this.#agent = isHttps ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
    return this.#agent;
  }
}

const tooLate = new Error('too late');

/**
 * Resolves when the body was read, or cut off because it is long or slow: the status is known by then. Rejects with
 * {@link tooLate}, or the error of Node.js.
 */
function answerOf(request: ClientRequest, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    let response: IncomingMessage | undefined;
    // Not by the request's own signal, which is no longer heeded when the answer has begun.
    const end = (error: Error): void => void (response === undefined ? request.destroy(error) : response.destroy());
    const timer = setTimeout(() => end(tooLate), timeoutMs);
    const onAbort = (): void => end(tooLate);
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', reject);
    request.once('response', (begun) => {
      response = begun;
      bounded(begun, () => resolve({ status: begun.statusCode ?? 0, retryAfter: begun.headers['retry-after'] }));
    });
    request.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // It closes without an error where the other side goes over to another protocol (101).
      if (response === undefined) reject(Object.assign(new Error('no answer'), { code: 'ECONNRESET' }));
    });
  });
}

/** Reads and forgets the body. */
function bounded(response: IncomingMessage, onClose: () => void): void {
  let bytes = 0;
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > mostBodyBytes) response.destroy();
  });
  response.on('error', () => undefined);
  response.once('close', onClose);
}

/** Retry-After: seconds, or a date (RFC 9110 10.2.3). @returns ms, bounded; undefined where there is none */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

/** From the code alone: messages of Node.js may quote what was sent or received. */
function problemOf(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refuses connections; is it running?';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'closed the connection without an answer';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a name that could not be resolved; look at the name in url, and at DNS on this machine';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `cannot be reached (${code}); look at routes and firewalls`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'has a certificate for another name; write in url the name that it is for';
    default:
      if (code?.startsWith('HPE_')) return `does not speak HTTP (${code})`;
      if (code !== undefined && /CERT|SIGNATURE/.test(code))
        return `has a certificate that is not trusted (${code}); name its authority in ca_file`;
      return `cannot be reached (${code ?? 'unknown error'})`;
  }
}

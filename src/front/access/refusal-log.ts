/**
 * Lines about requests that were refused for who sent them. Of the same kind from the same client only a few a minute,
 * then how many there were: a poller with an old token must not fill the log.
 */
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import type { CodedError } from '../../errors.js';

const windowMs = 60_000;
const linesInWindow = 5;
/** Clients that are told apart; beyond that the oldest is forgotten. */
const mostClients = 1000;

interface Window {
  readonly startedAt: number;
  count: number;
}

export class RefusalLog {
  readonly #log: Pick<FastifyBaseLogger, 'warn'>;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(log: Pick<FastifyBaseLogger, 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  add(request: FastifyRequest, { code, message }: CodedError): void {
    const remote = clientOf(request);
    const { count, more } = this.#count(`${remote} ${code}`);
    if (count > linesInWindow) return;
    const path = withoutTokens(request.url.split('?', 1)[0]!).slice(0, 200);
    const fields = { code, remote, method: request.method, path, ...(request.caller && { caller: request.caller.name }), ...more };
    this.#log.warn(fields, `refused: ${message}`);
  }

  /** @returns the place in the present window; and what the one before left out */
  #count(key: string): { count: number; more?: { left_out: number } } {
    const now = this.#now();
    const window = this.#windows.get(key);
    if (window !== undefined && now - window.startedAt < windowMs) return { count: ++window.count };
    this.#windows.delete(key);
    if (this.#windows.size >= mostClients) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(key, { startedAt: now, count: 1 });
    const leftOut = (window?.count ?? 0) - linesInWindow;
    return leftOut > 0 ? { count: 1, more: { left_out: leftOut } } : { count: 1 };
  }
}

/** Who it was, where no name is known: its address. */
export function clientOf(request: FastifyRequest): string {
  return request.raw.socket.remoteAddress ?? 'unix-socket';
}

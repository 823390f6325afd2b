/**
 * Lines about requests that were refused for who sent them. Of the same kind from the same client only a few a minute,
 * then how many there were: a poller with an old token must not fill the log.
 */
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import type { CodedError } from '../../errors.js';
import { shownAddress } from '../http/client.js';
import { Windows } from '../http/windows.js';

const windowMs = 60_000;
const linesInWindow = 5;
const longestPath = 200;

export class RefusalLog {
  readonly #log: Pick<FastifyBaseLogger, 'warn'>;
  readonly #windows: Windows;

  /** @param now monotonic, ms */
  constructor(log: Pick<FastifyBaseLogger, 'warn'>, now?: () => number) {
    this.#log = log;
    this.#windows = new Windows(windowMs, now);
  }

  add({ raw, method, url, caller }: FastifyRequest, { code, message }: CodedError): void {
    const remote = shownAddress(raw.socket);
    const { count, before } = this.#windows.count(`${remote} ${code}`);
    if (count > linesInWindow) return;
    const leftOut = before - linesInWindow;
    const path = withoutTokens(url.split('?', 1)[0]!).slice(0, longestPath);
    const fields = { code, remote, method, path, ...(caller && { caller: caller.name }), ...(leftOut > 0 && { left_out: leftOut }) };
    this.#log.warn(fields, `refused: ${message}`);
  }
}

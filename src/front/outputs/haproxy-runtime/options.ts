/** The options of this output, and what to say where its socket does not answer. */
import { isIP } from 'node:net';
import { Refusal, splitEndpoint } from '../../../config/address.js';
import { parseDuration } from '../../../config/duration.js';
import { quotedIfHarmless } from '../../../config/quoting.js';
import type { HaproxyOptions } from '../haproxy/options.js';
import type { StatsSocket } from './stats-socket.js';

export interface RuntimeOptions extends HaproxyOptions {
  readonly socket: StatsSocket;
  /** As it was written. */
  readonly socketText: string;
  readonly reconcileIntervalMs: number;
}

/** @param options as in the file, checked */
export function runtimeOptions(options: Readonly<Record<string, unknown>>): RuntimeOptions {
  const {
    socket,
    reconcile_interval: interval,
    ...rest
  } = options as unknown as HaproxyOptions & Record<'socket' | 'reconcile_interval', string>;
  return {
    ...rest,
    socket: parseSocket(socket) as StatsSocket,
    socketText: socket,
    reconcileIntervalMs: parseDuration(interval)!,
  };
}

/** @returns why it is refused, where it is */
export function parseSocket(text: string): StatsSocket | Refusal {
  if (text.startsWith('/')) return { path: text };
  const endpoint = splitEndpoint(text);
  if (endpoint instanceof Refusal) return endpoint;
  const { address, port } = endpoint;
  if (isIP(address) === 0) return new Refusal(`${quotedIfHarmless(text)} is neither the path of a socket nor an address`);
  if (port === undefined || port === 0) return new Refusal(`${quotedIfHarmless(text)} has no port`);
  return { host: address, port };
}

/** For people: what went wrong, and what to do. */
export function socketProblem(error: NodeJS.ErrnoException, { socketText }: RuntimeOptions): string {
  switch (error.code) {
    case 'ENOENT':
      return `there is no socket ${socketText}; is HAProxy running, with stats socket ${socketText} level admin?`;
    case 'ECONNREFUSED':
      return `nothing listens at ${socketText}; is HAProxy running?`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not use ${socketText}; set user, group and mode of HAProxy's stats socket`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `HAProxy at ${socketText} closed the connection before all of its answer was there; did it end?`;
    default:
      return `HAProxy at ${socketText}: ${error.message}`;
  }
}

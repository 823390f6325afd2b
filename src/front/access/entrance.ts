/** By which of the daemon's addresses a request came in. */
import type { IncomingMessage } from 'node:http';

/** `api`: server.listen. `metrics`: server.metrics_listen. `socket`: server.unix_socket. */
export type Entrance = 'api' | 'metrics' | 'socket';

const entrances = new WeakMap<IncomingMessage, Entrance>();

export function markEntrance(request: IncomingMessage, entrance: Entrance): void {
  entrances.set(request, entrance);
}

/** Requests that came without a socket of ours (fastify's inject) are as those at server.listen. */
export function entranceOf(request: IncomingMessage): Entrance {
  return entrances.get(request) ?? 'api';
}

/** By which of the daemon's addresses a request came in. */
import type { IncomingMessage } from 'node:http';

export interface Entrance {
  /** `api`: server.listen. `metrics`: server.metrics_listen. `socket`: server.unix_socket. */
  readonly kind: 'api' | 'metrics' | 'socket';
  /** Whether other machines can reach it: as it is bound, whatever the plan in force says by now. */
  readonly isExposed: boolean;
}

const entrances = new WeakMap<IncomingMessage, Entrance>();
/** Of requests that came without a socket of ours: fastify's inject, the server of tests. */
const none: Entrance = { kind: 'api', isExposed: false };

export function markEntrance(request: IncomingMessage, entrance: Entrance): void {
  entrances.set(request, entrance);
}

export function entranceOf(request: IncomingMessage): Entrance {
  return entrances.get(request) ?? none;
}

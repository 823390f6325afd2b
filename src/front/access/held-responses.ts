/**
 * Which responses wait for something other than their client. A connection with too many requests behind such a response
 * is ended at once, because the response may stay open for minutes (listen/pipeline.ts).
 *
 * Kept outside of the app, because the HTTP servers that ask for it are made before the app.
 */
import type { ServerResponse } from 'node:http';

const held = new WeakSet<ServerResponse>();

export function markHeld(response: ServerResponse): void {
  held.add(response);
}

export function unmarkHeld(response: ServerResponse): void {
  held.delete(response);
}

export function isHeld(response: ServerResponse): boolean {
  return held.has(response);
}

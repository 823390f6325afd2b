/** Asks a real daemon to change something. */
import type { BackendDetail, RunningDaemon } from './daemon.js';
import { server } from './two-backends.js';

/** As `server`; runtime backends may be on loopback. */
export const allowed = { ...server, allowed_networks: ['127.0.0.0/8'] };
/** In the listener `web`. */
export const backendPath = (id: string): string => `/v1/listeners/web/backends/${id}`;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | null;
}

export async function ask(
  daemon: RunningDaemon,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${daemon.url}${path}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    etag: response.headers.get('etag'),
  };
}

/** Of the listener `web`: with what operators said of it. */
export function detail(daemon: RunningDaemon, id: string): Promise<BackendDetail & Record<string, unknown>> {
  return daemon.get(backendPath(id));
}

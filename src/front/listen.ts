/** Putting the API on its address, and saying why that fails. */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ServerPlan } from '../config/plan.js';
import type { FailedMessage } from '../status/messages.js';

/** @returns the URL to open; for an address that stands for all addresses, the one of this machine itself */
export async function listen(app: FastifyInstance, { host, port }: ServerPlan): Promise<string> {
  await app.listen({ host, port, listenTextResolver: (address) => `the API listens at ${address}` });
  const bound = app.server.address();
  const boundPort = typeof bound === 'object' && bound ? bound.port : port;
  return `http://${urlHost(host)}:${boundPort}`;
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** As in the configuration: `127.0.0.1:8248`, `[::1]:8248`. */
export function hostAndPort({ host, port }: ServerPlan): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** One clear sentence for the person who started vitald. */
export function listenFailure(error: unknown, server: ServerPlan): FailedMessage {
  const { host } = server;
  const at = hostAndPort(server);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return failed('address_in_use', `${at} is in use by another program; set server.listen in the configuration, or stop that program`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return failed(
        'address_not_available',
        `${host} is not an address of this machine; set server.listen in the configuration to one that is`,
      );
    case 'EACCES':
    case 'EPERM':
      return failed(
        'permission_missing',
        `this user may not listen at ${at}; set server.listen to a port above 1023, or grant CAP_NET_BIND_SERVICE`,
      );
    default:
      return failed('front_failed', `the API could not start at ${at}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function failed(code: FailedMessage['code'], message: string): FailedMessage {
  return { type: 'failed', code, message };
}

/**
 * Opens the TCP connections of all kinds that use the kernel's own sockets (http, https, tcp by connect):
 * one place for source address and network interface.
 */
import { Socket, type OnReadOpts } from 'node:net';
import type { Family } from './probe.js';
import { openDeviceSocket } from './raw/sockets.js';

export { deviceProblem } from './raw/sockets.js';

export interface StreamOptions {
  /** An IP address without brackets; never a name, so that nothing is ever looked up. */
  readonly address: string;
  readonly family: Family;
  readonly port: number;
  /** Address to leave from; undefined: the kernel chooses. */
  readonly source: string | undefined;
  /** Network interface to leave through; undefined: the routing table chooses. */
  readonly device: string | undefined;
}

/**
 * Begins to connect. The end of it is the socket's `connect` or `error` event; the caller adds both at once.
 * The socket is half-open capable: the caller decides what follows the backend's FIN.
 *
 * @param onread where to put what arrives; without it, the socket is read like any stream
 * @throws when the options are out of range, or a device was given and {@link deviceProblem} has something to say
 */
export function connectStream(options: StreamOptions, onread?: OnReadOpts): Socket {
  const settings: { allowHalfOpen: true; onread?: OnReadOpts; fd?: number } = { allowHalfOpen: true };
  if (onread !== undefined) settings.onread = onread;
  if (options.device !== undefined) settings.fd = openDeviceSocket(options.family, 'stream', options.device);
  const socket = new Socket(settings);
  return options.source === undefined
    ? socket.connect({ host: options.address, port: options.port })
    : socket.connect({ host: options.address, port: options.port, localAddress: options.source });
}

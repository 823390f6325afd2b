/**
 * Opens the TCP connections of all kinds that use the kernel's own sockets (http, https, tcp by connect):
 * one place for source address and network interface.
 */
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
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
 * Makes a socket and begins to connect. The end of it is the socket's `connect` or `error` event; the caller listens
 * to both at once.
 *
 * @throws when the options are out of range, or a device was given and {@link deviceProblem} has something to say
 */
export function connectStream(options: StreamOptions): Socket {
  return beginConnect(createStream(options, Socket), options);
}

/**
 * Makes a socket that is not connected yet. It is half-open capable: the caller decides what follows the backend's FIN.
 *
 * @param kind the class of the socket
 * @param onread where to put what arrives; without it, the socket is read like any stream
 * @throws when a device was given and {@link deviceProblem} has something to say
 */
export function createStream<S extends Socket>(
  { family, device }: Pick<StreamOptions, 'family' | 'device'>,
  kind: new (settings: SocketConstructorOpts) => S,
  onread?: OnReadOpts,
): S {
  const settings: SocketConstructorOpts & { onread?: OnReadOpts } = { allowHalfOpen: true };
  if (onread !== undefined) settings.onread = onread;
  if (device !== undefined) settings.fd = openDeviceSocket(family, 'stream', device);
  return new kind(settings);
}

/**
 * Begins to connect a socket of {@link createStream}: a new one, or one without a device that has emitted `close`.
 *
 * @returns the socket
 * @throws when the options are out of range
 */
export function beginConnect<S extends Socket>(socket: S, { address, port, source }: StreamOptions): S {
  return source === undefined ? socket.connect({ host: address, port }) : socket.connect({ host: address, port, localAddress: source });
}

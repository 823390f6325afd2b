/** What backends do, and what lying ones do. Each is given a connection that was just accepted. */
import type { Socket } from 'node:net';
import type { Behaviour, ServerSocket } from './server.js';

/** Calls back once for each request that arrives (requests of checks have no body). */
export function onRequest(socket: ServerSocket, answer: (count: number) => void): void {
  let text = '';
  let count = 0;
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    while (text.includes('\r\n\r\n')) {
      text = text.slice(text.indexOf('\r\n\r\n') + 4);
      answer(++count);
    }
  });
}

/** Answers the first request with these bytes and closes. */
export const answers =
  (response: string | Buffer): Behaviour =>
  (socket) =>
    onRequest(socket, () => socket.end(typeof response === 'string' ? Buffer.from(response, 'latin1') : response));

/** Answers every request with these bytes and stays. */
export const answersAndStays =
  (response: string): Behaviour =>
  (socket) =>
    onRequest(socket, () => socket.write(response, 'latin1'));

/** Sends these bytes after the request, then resets. */
export const resetsAfter =
  (response: string): Behaviour =>
  (socket) =>
    onRequest(socket, () => socket.write(response, 'latin1', () => reset(socket)));

/** Sends these bytes after the request, then closes in the usual way. */
export const closesAfter = answers;

/** Writes without end, as fast as the other side reads. */
function flood(socket: ServerSocket, piece: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

/** Sends `text` one byte at a time, again and again. */
function drip(socket: ServerSocket, text: string, everyMs: number): void {
  let place = 0;
  const timer = setInterval(() => socket.write(text[place++ % text.length]!), everyMs);
  socket.on('close', () => clearInterval(timer));
}

/** TCP resets; a TLS connection is reset below TLS. */
export function reset(socket: ServerSocket): void {
  const below = (socket as { _parent?: Socket })._parent ?? socket;
  below.resetAndDestroy();
}

const piece = (text: string): Buffer => Buffer.from(text.repeat(Math.ceil(16_384 / text.length)), 'latin1');

/** A healthy backend. */
export const ok: Behaviour = answers('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

/** Bodies are sent by a backend that does not look at the method: also in answer to HEAD. */
export const misbehaviours = {
  'silent after accept': () => undefined,
  'closes at once': (socket) => socket.destroy(),
  'resets at once': (socket) => reset(socket),
  'closes without an answer': closesAfter(''),
  'resets without an answer': resetsAfter(''),
  'resets in the middle of the status line': resetsAfter('HTTP/1.1 2'),
  'resets in the middle of a header': resetsAfter('HTTP/1.1 200 OK\r\nServer: x'),
  'closes in the middle of the status line': closesAfter('HTTP/1.1 2'),
  'closes in the middle of a header': closesAfter('HTTP/1.1 200 OK\r\nServer: x'),
  'resets in the middle of the body': resetsAfter('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc'),
  'sends garbage': answers('\u0016\u0000\u0001garbage\u0000\r\n\r\n'),
  'speaks before it is asked': (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  'sends endless garbage': (socket) => onRequest(socket, () => flood(socket, piece('\u0000\u0001'))),
  'sends endless headers': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n');
      flood(socket, piece('X-A: aaaaaaaaaaaaaaaaaaaaaaaa\r\n'));
    }),
  'sends one endless header line': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nX-A: ');
      flood(socket, piece('a'));
    }),
  'sends an endless reason phrase': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 ');
      flood(socket, piece('O'));
    }),
  'sends endless interim responses': (socket) => onRequest(socket, () => flood(socket, piece('HTTP/1.1 100 Continue\r\n\r\n'))),
  'drips headers': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, 'X-A: b\r\n', 5);
    }),
  'drips interim responses': (socket) => onRequest(socket, () => drip(socket, 'HTTP/1.1 100 Continue\r\n\r\n', 2)),
  'sends an endless body': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      flood(socket, piece('body'));
    }),
  'drips a body': (socket) =>
    onRequest(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      drip(socket, 'b', 5);
    }),
  'sends a huge status number': answers('HTTP/1.1 99999999999999999999 OK\r\n\r\n'),
  'sends a negative content length': answers('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'),
  'glues a second response to the first': answers(
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n',
  ),
  'half-closes and goes on reading': (socket) => socket.end(),
} satisfies Record<string, Behaviour>;

export type Misbehaviour = keyof typeof misbehaviours;

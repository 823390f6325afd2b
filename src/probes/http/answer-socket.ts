/**
 * A TCP socket that reads what the backend sent before it reset the connection.
 *
 * A server that answers as soon as it accepts, and resets without reading the request (an inetd script, for example), has
 * answered. The kernel keeps the bytes that arrived before the reset, but a Node socket is destroyed together with them if
 *
 *   - the reset arrived before the process looked at the connection: connect reports ECONNRESET, although it had succeeded;
 *   - a write finds the connection reset: ECONNRESET, then EPIPE.
 *
 * This socket does not count either as its end: it emits `connect`, and goes on reading. The read side of such a connection
 * always ends, with the end of the stream or with an error.
 */
import { Socket } from 'node:net';

export class AnswerSocket extends Socket {
  /** The error that was ignored; undefined if there was none since the last {@link forgetCutOff}. */
  cutOffBy: NodeJS.ErrnoException | undefined;

  /** For a socket that connects again. */
  forgetCutOff(): void {
    this.cutOffBy = undefined;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    super._write(chunk, encoding, (error) => {
      if (!isCutOff(error)) return callback(error);
      this.cutOffBy ??= error;
      callback();
    });
  }

  // Node destroys the socket when connect fails, and the unread bytes with it; `_destroy` would be too late to go on.
  override destroy(error?: Error): this {
    if (this.destroyed || !isCutOff(error) || error.syscall !== 'connect') return super.destroy(error);
    this.cutOffBy = error;
    this.emit('connect');
    // What Node does after a connect that succeeded. The listener may have closed the socket.
    if (!this.destroyed) this.read(0);
    return this;
  }
}

/**
 * Makes any other socket go on reading when a write fails because the backend has reset or closed the connection.
 *
 * @param cutOff called with the error of each such write
 */
export function ignoreCutOffWrites(socket: Socket, cutOff: (error: NodeJS.ErrnoException) => void): void {
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, callback) => {
    write(chunk, encoding, (error) => {
      if (!isCutOff(error)) return callback(error);
      cutOff(error);
      callback();
    });
  };
}

function isCutOff(error: Error | null | undefined): error is NodeJS.ErrnoException {
  const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/**
 * A TCP server of one question a connection: it reads a line, answers with a line, and closes. Whoever connects may be
 * hostile: connections, bytes and time are bounded, and a thousand connections a second must cost next to nothing.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export interface LineServerOptions {
  /** @param line without its end @returns the answer; undefined: the connection is closed without one */
  answer(line: string): string | undefined;
  /** A connection that did not send a whole line: `sent` is what came, possibly nothing. Who left at once is not told of. */
  incomplete(sent: string): void;
}

export const lineServerLimits = {
  /** For a further one the oldest is cut: a peer that asks at once is answered before that. */
  mostConnections: 1024,
  /** Two names of 128 characters at most, a slash and the end of the line. */
  longestLine: 512,
  /** From the connection to its end: for the question to come, and the answer to be taken. */
  withinMs: 1000,
} as const;
const { mostConnections, longestLine, withinMs } = lineServerLimits;
const sweepEveryMs = 250;

/** A connection of which the line has not come yet, or whose peer has not closed. */
interface Conversation {
  readonly since: number;
  text: string;
  isAnswered: boolean;
  /** This side ended it. */
  isCut: boolean;
}

export class LineServer {
  readonly #options: LineServerOptions;
  readonly #server: Server;
  /** In the order in which they began. */
  readonly #open = new Map<Socket, Conversation>();
  #sweep: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: LineServerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#talk(socket));
    // Whoever waits in listen() is told; later ones leave the server as it is.
    this.#server.on('error', () => undefined);
  }

  /** Those that wait for something. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** Undefined while it does not listen. */
  get port(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  /** @throws the system's error where the address cannot be had */
  async listen(host: string, port: number): Promise<void> {
    this.#server.listen({ host, port });
    await once(this.#server, 'listening');
    this.#sweep = setInterval(() => this.#endLate(), sweepEveryMs);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#open.keys()) socket.destroy();
    await closed;
  }

  #talk(socket: Socket): void {
    const conversation: Conversation = { since: performance.now(), text: '', isAnswered: false, isCut: false };
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= mostConnections) {
      this.#open.delete(oldest[0]);
      cut(...oldest);
    }
    this.#open.set(socket, conversation);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open.delete(socket);
      const { isAnswered, isCut, text } = conversation;
      if (!isAnswered && !this.#isClosing && (isCut || text !== '')) this.#options.incomplete(text);
    });
    socket.on('data', (bytes) => {
      // What follows the line is not looked at.
      if (!conversation.isAnswered) this.#read(socket, conversation, bytes);
    });
  }

  #read(socket: Socket, conversation: Conversation, bytes: Buffer): void {
    conversation.text += bytes.toString('latin1', 0, longestLine);
    const end = conversation.text.search(/[\r\n]/);
    if (end === -1) {
      if (conversation.text.length >= longestLine) cut(socket, conversation);
      return;
    }
    conversation.isAnswered = true;
    const answer = this.#options.answer(conversation.text.slice(0, end));
    if (answer === undefined) socket.destroy();
    else socket.end(answer);
  }

  #endLate(): void {
    const latest = performance.now() - withinMs;
    for (const [socket, conversation] of this.#open) {
      if (conversation.since > latest) return;
      cut(socket, conversation);
    }
  }
}

function cut(socket: Socket, conversation: Conversation): void {
  conversation.isCut = true;
  socket.destroy();
}

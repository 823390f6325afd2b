/**
 * Gives the app the requests of a connection one at a time, in order.
 *
 * HTTP/1.1 lets a client send requests without waiting for the answers, and Node.js hands all of them to the app at once.
 * Then one connection makes any number of requests be held, or any number of answers wait in memory. RFC 9112, 9.3.2,
 * allows to answer in parallel only requests with safe methods, and answers leave in the order of the requests anyway.
 *
 * Requests beyond the limit are not read into memory without end either: the connection gets one 429 and is closed.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerPipelineFull } from './client-error.js';
import { limits } from '../http/limits.js';
import { isHeld } from '../access/held-responses.js';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Lane {
  readonly socket: Socket;
  /** What the app is answering. */
  current: Exchange | undefined;
  /** Complete heads of requests; oldest first. */
  waiting: Exchange[];
  /** Requests that came after the connection was refused any more; undefined: it was not. */
  ignored: number | undefined;
}

export class Pipelines {
  readonly #handle: RequestListener;
  readonly #lanes = new WeakMap<Socket, Lane>();
  #waiting = 0;

  constructor(handle: RequestListener) {
    this.#handle = handle;
  }

  /** Takes a request as `http.Server` emits it. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const lane = this.#laneOf(socket);
    if (lane.ignored !== undefined) ignore(lane, lane.ignored);
    else if (lane.current === undefined) this.#begin(lane, { request, response });
    else if (lane.waiting.length < limits.pipelinedRequests && this.#waiting < limits.pipelinedRequestsInAll) {
      lane.waiting.push({ request, response });
      this.#waiting++;
    } else this.#refuse(lane, lane.current, { request, response });
  }

  #laneOf(socket: Socket): Lane {
    const known = this.#lanes.get(socket);
    if (known !== undefined) return known;
    const lane = { socket, current: undefined, waiting: [], ignored: undefined };
    this.#lanes.set(socket, lane);
    return lane;
  }

  #begin(lane: Lane, exchange: Exchange): void {
    lane.current = exchange;
    exchange.response.once('close', () => this.#next(lane));
    this.#handle(exchange.request, exchange.response);
  }

  #next(lane: Lane): void {
    lane.current = undefined;
    if (lane.socket.destroyed) this.#drop(lane);
    const next = lane.waiting.shift();
    if (next === undefined) return;
    this.#waiting--;
    this.#begin(lane, next);
  }

  #drop(lane: Lane): void {
    this.#waiting -= lane.waiting.length;
    lane.waiting = [];
  }

  /**
   * Ends a connection that sent too much. The 429 takes the place of the first request whose answer has not begun; the
   * client must repeat the others, as it must whenever a connection closes (RFC 9112, 9.3.2).
   */
  #refuse(lane: Lane, current: Exchange, latest: Exchange): void {
    lane.ignored = 0;
    const scope = lane.waiting.length < limits.pipelinedRequests ? 'all' : 'connection';
    const [first = latest] = lane.waiting;
    this.#drop(lane);
    if (!isHeld(current.response)) answerPipelineFull(first.response, scope);
    // A stream has begun and never ends by itself, so no answer can follow it.
    else if (current.response.headersSent) lane.socket.destroy();
    else answerPipelineFull(current.response, scope);
  }
}

/** What still comes before the connection is closed. A client that just goes on is cut off. */
function ignore(lane: Lane, before: number): void {
  lane.ignored = before + 1;
  if (lane.ignored > limits.pipelinedRequests) lane.socket.destroy();
}

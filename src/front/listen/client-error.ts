/** Answers that do not come from the app: too many connections, too many pipelined requests, and bytes that are not HTTP. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { errorTable, type ErrorCode } from '../../errors.js';
import { limitMembers, limitSentence, retryAfterSeconds } from '../access/limit-reached.js';
import { limits } from '../http/limits.js';
import { problem, problemType, statusOf } from '../http/problem.js';
import { answerHeaders } from '../http/security.js';

const retryConnectingSeconds = 5;

/** Answers a connection above the limit; see connection-limit.ts. */
export function answerTooManyConnections(response: ServerResponse): void {
  const detail = 'There are too many connections already; try again later, or keep fewer open.';
  answerAndClose(response, 'too_many_connections', { detail, retryAfter: retryConnectingSeconds });
}

/** Answers a connection with too many pipelined requests; see pipeline.ts. */
export function answerPipelineFull(response: ServerResponse, scope: 'connection' | 'all'): void {
  const most = scope === 'all' ? limits.pipelinedRequestsInAll : limits.pipelinedRequests;
  const reached = { limit: 'pipelined_requests', scope, most, what: 'requests that wait for an earlier answer' } as const;
  const members = limitMembers(reached);
  answerAndClose(response, 'limit_reached', { detail: limitSentence(reached), retryAfter: retryAfterSeconds, members });
}

interface BareProblem {
  readonly detail: string;
  readonly retryAfter: number;
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Answers a request that does not reach the app. */
function answerAndClose(response: ServerResponse, code: ErrorCode, { detail, retryAfter, members }: BareProblem): void {
  const body = JSON.stringify(problem(code, detail, members));
  response
    .writeHead(statusOf(code), {
      ...answerHeaders,
      'content-type': problemType,
      'content-length': Buffer.byteLength(body),
      'retry-after': String(retryAfter),
      connection: 'close',
    })
    .end(body);
}

/** Answers bytes that are not HTTP, or that arrive too slowly, on the bare socket, and closes it. */
export function handleClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const found = clientProblem(error);
  if (found === undefined) {
    socket.destroy();
    return;
  }
  const [code, detail] = found;
  const body = JSON.stringify(problem(code, detail));
  socket.end(
    `HTTP/1.1 ${statusOf(code)} ${errorTable[code].title}\r\nConnection: close\r\nContent-Type: ${problemType}\r\n` +
      `X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // A client that does not read the answer must not keep the socket open.
    () => socket.destroySoon(),
  );
}

/** @returns undefined for a failed TLS handshake, because the client cannot read an HTTP answer */
function clientProblem(error: ConnectionError): [ErrorCode, string] | undefined {
  if (/^ERR_(SSL|TLS)|^EPROTO/.test(error.code)) return undefined;
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      // Without a line's end in the first 64 KiB it was the request line that was too long.
      const { rawPacket } = error as ConnectionError & { rawPacket?: Buffer };
      return rawPacket?.includes('\n') === false
        ? ['uri_too_long', `The request target may have at most ${limits.urlLength} characters.`]
        : ['header_too_large', `The request line and headers may have at most ${limits.headerBytes} bytes.`];
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request_timeout', `A request must arrive within ${limits.requestTimeoutMs / 1000} seconds.`];
    default:
      return ['bad_request', 'What came is not an HTTP request.'];
  }
}

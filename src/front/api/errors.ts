/** Every way in which a request can go wrong ends here, as a problem document and never as a stack trace. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import { CodedError, errorTable, type ErrorCode } from '../../errors.js';
import { limitMembers, limitSentence, retryAfterSeconds } from '../access/limit-reached.js';
import { problem, problemType, sendProblem, statusOf } from '../http/problem.js';
import { limits } from '../http/limits.js';
import { answerHeaders } from '../http/security.js';
import { bodyMessage } from './body-validation.js';
import { validationMessage } from './validation.js';

const retryConnectingSeconds = 5;

/** What a handler threw, or what fastify found wrong with a request. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.validation?.[0] && error.validationContext === 'body')
    return sendProblem(reply, 'bad_request', bodyMessage(error.validation[0]));
  if (error.validation?.[0]) return sendProblem(reply, 'bad_request', validationMessage(error.validation[0], error.validationContext));
  if (error instanceof CodedError) return sendProblem(reply, error.code, error.message, error.members);
  if (error instanceof SyntaxError || error.code === 'FST_ERR_CTP_EMPTY_JSON_BODY' || error.code === 'FST_ERR_CTP_INVALID_JSON_BODY') {
    return sendProblem(reply, 'bad_request', 'The body is not JSON.');
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return sendProblem(reply, codeOfStatus(status), 'The request could not be read.');
  request.log.error({ err: error, url: withoutTokens(request.url) }, 'a request failed');
  return sendProblem(reply, 'internal', 'The request failed for a reason of vitald’s own; its log has the details.');
}

/** What fastify finds wrong before there is a route. */
export function handleFrameworkError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.code === 'FST_ERR_BAD_URL') {
    return sendProblem(reply, 'bad_request', 'The path has a % that is not followed by two hexadecimal digits of UTF-8; write % as %25.');
  }
  return sendProblem(reply, 'uri_too_long', `The request target may have at most ${limits.urlLength} characters.`);
}

/** No route: another method would do, or nothing is there. @param methodsAt the methods that a path has */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply, methodsAt: (path: string) => readonly string[]): FastifyReply {
  const methods = methodsAt(request.url.split('?', 1)[0]!);
  if (methods.length > 0 && !methods.includes(request.method)) {
    const detail = `${request.method} is not allowed here; ${methods.join(' and ')} are.`;
    return sendProblem(reply.header('allow', methods.join(', ')), 'method_not_allowed', detail);
  }
  return sendProblem(reply, 'not_found', 'There is nothing at this path; / has links to what there is, /docs describes it.');
}

/** Of a connection too many; see listen/connection-limit.ts. */
export function answerTooManyConnections(response: ServerResponse): void {
  const detail = 'There are too many connections already; try again later, or keep fewer open.';
  answerAndClose(response, 'too_many_connections', { detail, retryAfter: retryConnectingSeconds });
}

/** A connection with too many requests that wait for their turn; see listen/pipeline.ts. */
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

/** For requests that the app does not get. */
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

/** What is not even HTTP, or comes too slowly: answered on the bare socket, then closed. */
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
    // Whoever does not read the answer does not keep the socket.
    () => socket.destroySoon(),
  );
}

/** @returns undefined for a TLS handshake that failed: there is nobody to speak HTTP to */
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

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 404:
      return 'not_found';
    case 405:
      return 'method_not_allowed';
    case 413:
      return 'payload_too_large';
    case 414:
      return 'uri_too_long';
    default:
      return 'bad_request';
  }
}

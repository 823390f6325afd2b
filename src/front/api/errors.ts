/** Every way in which a request can go wrong ends here, as a problem document and never as a stack trace. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import { CodedError, type ErrorCode } from '../../errors.js';
import { sendProblem } from '../http/problem.js';
import { limits } from '../http/limits.js';
import { bodyMessage } from './body-validation.js';
import { validationMessage } from './validation.js';

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

/** Errors of the API: RFC 9457 problem documents with a stable `code` (src/errors.ts). */
import type { FastifyReply } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import { errorTable, type ErrorCode } from '../../errors.js';
import { answerHeaders } from './security.js';

export const problemType = 'application/problem+json; charset=utf-8';

/** Codes that the API answers with. */
export const apiErrorCodes = (Object.keys(errorTable) as ErrorCode[]).filter((code) => 'httpStatus' in errorTable[code]);

/**
 * @param detail one sentence for the person who asked: what is wrong, what is allowed
 * @param more members beyond those of every problem, for programs
 */
export function problem(code: ErrorCode, detail: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  // Some say what was sent; who sends a token in the wrong place does not get it back.
  return { type: 'about:blank', title: errorTable[code].title, status: statusOf(code), detail: withoutTokens(detail), code, ...more };
}

export function statusOf(code: ErrorCode): number {
  const info = errorTable[code];
  return 'httpStatus' in info ? info.httpStatus : 500;
}

export function sendProblem(
  reply: FastifyReply,
  code: ErrorCode,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return (
    reply
      .code(statusOf(code))
      // Once more: what fastify refuses by itself never came by the hook that sets them.
      .headers(answerHeaders)
      .header('content-type', problemType)
      .send(JSON.stringify(problem(code, detail, more)))
  );
}

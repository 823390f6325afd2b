/** Compresses answers for clients that accept gzip (RFC 9110 section 12.5.3), by http/gzip.ts. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { gzippedBody, isShared } from '../http/body-stream.js';
import { limits } from '../http/limits.js';

/** What is shorter fits into one packet anyway. */
const shortestBytes = 1024;
/** What shrinks. */
const textTypes = /^(text\/|application\/([a-z.-]+\+)?json\b)/;

/**
 * To be called before the routes are added.
 *
 * @param most long answers that are compressed at a time; further ones are sent as they are
 */
export function addCompression(app: FastifyInstance, most: number = limits.gzippedAnswers): void {
  let compressing = 0;
  app.addHook('onSend', (request, reply, payload, done) => {
    const isOwnWork = payload instanceof Readable && !isShared(payload);
    const accepted = isOwnWork && compressing >= most ? undefined : request.headers['accept-encoding'];
    const body = compressed(accepted, reply, payload);
    if (isOwnWork && body !== payload) {
      compressing++;
      reply.raw.once('close', () => compressing--);
    }
    // Nobody reads it, and nothing more of it is to be made.
    if (request.method === 'HEAD' && body instanceof Readable) body.destroy();
    done(null, body);
  });
}

function compressed(accepted: string | undefined, reply: FastifyReply, payload: unknown): unknown {
  if (!textTypes.test(String(reply.getHeader('content-type'))) || reply.hasHeader('content-encoding')) return payload;
  reply.header('vary', 'accept-encoding');
  if (!takesGzip(accepted) || reply.statusCode === 304) return payload;
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (!(body instanceof Readable) && !(Buffer.isBuffer(body) && body.length >= shortestBytes)) return payload;
  const smaller = gzippedBody(body);
  if (smaller === undefined) return payload;
  reply.header('content-encoding', 'gzip').removeHeader('content-length');
  return smaller;
}

/** @param accepted an Accept-Encoding; without one nothing is compressed, though RFC 9110 would allow it */
export function takesGzip(accepted: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const one of (accepted ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = one.split(';').map((part) => part.trim());
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.split('=')[1];
    weights.set(coding, q === undefined ? 1 : Number(q));
  }
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0;
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0);
}

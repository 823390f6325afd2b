/** Reads request bodies: JSON in UTF-8 where a call takes one. Of other calls small bodies are read and dropped. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import type { Holds } from '../access/holds.js';
import { doubledKey } from './doubled-key.js';
import { limits } from '../http/limits.js';
import { hasBody } from './strict.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const longestKeyShown = 100;

export function addBodies(app: FastifyInstance): void {
  const readJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (!takesBody(request)) {
      done(null);
      return;
    }
    try {
      checkCharset(request.headers['content-type']);
      const text = textOf(bytes as Buffer);
      void readJson(request, text, (error: Error | null, body?: unknown) => {
        const doubled = error === null ? doubledKey(text) : undefined;
        if (doubled === undefined) done(error, body);
        else done(new CodedError('bad_request', `The body has the key ${JSON.stringify(shortened(doubled))} twice.`));
      });
    } catch (error) {
      done(error as Error);
    }
  });
  app.addContentTypeParser('*', (request, payload, done) => {
    if (takesBody(request)) {
      done(new CodedError('unsupported_media_type', 'The body must be JSON: content-type: application/json.'));
      return;
    }
    payload.resume().once('end', () => done(null));
  });
}

/** Counts the bytes of bodies while they are received. To be called after access was added: the limits are per caller. */
export function addBodyLimit(app: FastifyInstance, holds: Holds): void {
  const releases = new WeakMap<FastifyRequest, () => void>();
  app.addHook('onRequest', (request, reply, done) => {
    if (takesBody(request) && hasBody(request.raw)) {
      releases.set(request, takeBytes(holds, request, reply));
    }
    done();
  });
  app.addHook('preValidation', (request, _reply, done) => {
    releases.get(request)?.();
    done();
  });
}

/** @throws LimitReached; the connection is closed then, for the body is not read */
function takeBytes(holds: Holds, request: FastifyRequest, reply: FastifyReply): () => void {
  const most = request.routeOptions.bodyLimit ?? limits.jsonBytes;
  const told = Number(request.headers['content-length'] ?? most);
  try {
    return holds.take('request_bodies', request, reply, Math.min(told, most));
  } catch (error) {
    reply.header('connection', 'close');
    throw error;
  }
}

function takesBody(request: FastifyRequest): boolean {
  return request.routeOptions.config?.takesBody === true;
}

function checkCharset(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType ?? '')?.[1];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return;
  throw new CodedError('unsupported_media_type', 'JSON is UTF-8 (RFC 8259, 8.1); another charset is not accepted.');
}

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CodedError('bad_request', 'The body is not UTF-8.');
  }
}

function shortened(key: string): string {
  return key.length > longestKeyShown ? `${key.slice(0, longestKeyShown)}…` : key;
}

/** Asks of every request who sends it, before anything else is done for it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CodedError, type ErrorCode } from '../../errors.js';
import type { Access } from './access.js';
import type { Needed } from '../http/route.js';
import { anybody, anyReader } from './caller.js';
import { noteCaller } from './connections.js';
import { Rates } from './rates.js';
import { RefusalLog } from './refusal-log.js';

/** What is told in the log: somebody has no right, or wrong credentials. */
const logged: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'misdirected'];

/** Of tokens in the first place; Basic makes browsers ask for one, as the password. */
const challenges = ['Bearer realm="vitald"', 'Basic realm="vitald, with a token as the password", charset="UTF-8"'];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** See Route.access. Undefined on routes of plugins, which only read. */
    readonly access?: Needed;
  }
}

export function addAccess(app: FastifyInstance, access: Access): void {
  const rates = new Rates(access);
  const refusals = new RefusalLog(app.log);

  function admit(request: FastifyRequest, reply: FastifyReply): void {
    const needed = request.is404 ? undefined : (request.routeOptions.config.access ?? 'read');
    try {
      request.caller = access.identify(request, needed);
      if (needed !== undefined) access.check(request, request.caller, needed);
    } catch (error) {
      if (error instanceof CodedError) refuse(error, request, reply);
      throw error;
    }
    if (request.caller !== anyReader) noteCaller(request.raw.socket, request.caller !== anybody);
    rates.request(request, reply, needed);
    access.track(request, reply.raw);
  }

  function refuse(error: CodedError, request: FastifyRequest, reply: FastifyReply): void {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    // What still comes of the request will not be read.
    if (length !== undefined || encoding !== undefined) reply.header('connection', 'close');
    rates.refused(request, reply);
    if (error.code === 'unauthorized') reply.header('www-authenticate', challenges);
    if (logged.includes(error.code)) refusals.add(request, error);
  }

  app.addHook('onRequest', (request, reply, done) => {
    admit(request, reply);
    done();
  });
}

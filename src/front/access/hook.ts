/** Asks of every request who sends it, before anything else is done for it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CodedError, type ErrorCode } from '../../errors.js';
import type { Access, Needed } from './access.js';
import { createRates } from './rates.js';
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

export async function addAccess(app: FastifyInstance, access: Access): Promise<void> {
  const rates = await createRates(app, access);
  const refusals = new RefusalLog(app.log);
  app.addHook('onRequest', async (request, reply) => {
    const needed = request.is404 ? undefined : (request.routeOptions.config.access ?? 'read');
    try {
      request.caller = access.identify(request, needed);
      if (needed !== undefined) access.check(request, request.caller, needed);
    } catch (error) {
      // What still comes of the request will not be read.
      if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
        reply.header('connection', 'close');
      }
      if (error instanceof CodedError) await refuse(error, request, reply);
      throw error;
    }
    await rates.request(request, reply, needed);
    access.track(request, reply.raw);
  });

  async function refuse(error: CodedError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await rates.refused(request, reply);
    if (error.code === 'unauthorized') reply.header('www-authenticate', challenges);
    if (logged.includes(error.code)) refusals.add(request, error);
  }
}

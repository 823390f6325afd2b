/** The API without its listener: `createApp(deps)` can be asked with `inject()` or put on a socket. */
import type { RequestListener, Server } from 'node:http';
import { Ajv } from 'ajv';
import { fastify, LogController, type FastifyError, type FastifyInstance, type FastifyRequest, type FastifySchemaCompiler } from 'fastify';
import { withoutTokens } from '../../config/token.js';
import { CodedError } from '../../errors.js';
import { Access } from '../access/access.js';
import { addAccess } from '../access/hook.js';
import { addBodies, addBodyLimit } from './bodies.js';
import { bodyCompiler } from './body-validation.js';
import { addCompression } from './compress.js';
import { handleError, handleFrameworkError, handleNotFound } from './errors.js';
import { compileLazily } from './lazy-compiler.js';
import { limits } from '../http/limits.js';
import { addOpenApi } from './openapi.js';
import { neededFor, type Schema } from '../http/route.js';
import type { ApiDeps, ApiRoute } from './deps.js';
import { routes } from './routes.js';
import { sharedSchemas } from './schemas/index.js';
import { answerHeaders } from '../http/security.js';
import { originForm, refuseAmbiguous } from './strict.js';

/**
 * Checks query and path parameters. One for all apps: it keeps what it has compiled, and needs none of the shared schemas,
 * which the default of fastify would turn into text for each route. `array`: what may be given several times may be given
 * once.
 */
const parameters = new Ajv({ coerceTypes: 'array', useDefaults: true, verbose: true, validateSchema: false });

/** Makes the app's own server, which is for tests. */
export type CreateServer = (handle: RequestListener) => Server;

/** Makes the app. Its caller closes it. */
export async function createApp(deps: ApiDeps, createServer: CreateServer): Promise<FastifyInstance> {
  const app = bareApp(deps, createServer);
  addHeaders(app);
  addCompression(app);
  addAccessLog(app);
  addAccess(app, deps.access ?? new Access(deps.state));
  addBodyLimit(app, deps.holds);
  const methodsAt = methodMatcher(app);
  app.setValidatorCompiler<Schema>(({ schema }) => compileLazily(parameters, schema) as ReturnType<FastifySchemaCompiler<Schema>>);
  // Answers are made by hand and checked against their schemas in the tests, not at run time.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler<FastifyError>(handleError);
  app.setNotFoundHandler((request, reply) => handleNotFound(request, reply, methodsAt));
  addBodies(app);
  for (const schema of sharedSchemas) app.addSchema(schema);
  await addOpenApi(app, deps.version);
  for (const route of routes) addRoute(app, route, deps);
  // Streams do not end by themselves.
  app.addHook('preClose', (done) => {
    deps.state.eventReaders.close();
    done();
  });
  await app.ready();
  return app;
}

function bareApp({ log }: ApiDeps, createServer: CreateServer): FastifyInstance {
  return fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    // Its own server is for tests; vitald's servers are made in listen/, in the same way.
    serverFactory: (handle) => createServer(handle),
    // Released waiters still get their answers while the app closes.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Its plugins wait for nothing outside; a machine that is busy just takes longer to load them.
    pluginTimeout: 0,
    rewriteUrl: (request) => originForm(request),
    routerOptions: { maxParamLength: limits.urlLength },
    frameworkErrors: (error, request, reply) => void handleFrameworkError(error, request, reply),
    // See createHttpServer.
    clientErrorHandler: () => undefined,
  });
}

function addRoute(app: FastifyInstance, route: ApiRoute, deps: ApiDeps): void {
  const { method = 'GET', url, schema, bodyBytes, checksBody = false } = route;
  const takesBody = schema.body !== undefined;
  app.route({
    method,
    url,
    schema,
    ...(takesBody && { bodyLimit: bodyBytes ?? limits.jsonBytes, validatorCompiler: bodyCompiler(checksBody) }),
    config: { takesBody, access: neededFor(route) },
    handler: route.handler(deps),
  });
}

function addHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(answerHeaders);
    if (request.url.startsWith('/docs/static/')) reply.removeHeader('cache-control');
    checkRequest(request, () => {
      reply.header('connection', 'close');
    });
    done();
  });
}

/** Refuses what no call takes, before any of it is read. @param hangUp closes the connection after the answer */
function checkRequest({ raw, url, headers, routeOptions }: FastifyRequest, hangUp: () => void): void {
  if (url.length > limits.urlLength) {
    throw new CodedError('uri_too_long', `The request target may have at most ${limits.urlLength} characters, and has ${url.length}.`);
  }
  try {
    refuseAmbiguous(raw, url);
  } catch (error) {
    // What follows may not be what it seems either.
    hangUp();
    throw error;
  }
  if (routeOptions.config?.takesBody === true) return;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > limits.bodyBytes) {
    hangUp();
    throw new CodedError('payload_too_large', 'This call takes no request body.');
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly takesBody?: boolean;
  }
}

function addAccessLog(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug(
      {
        method: request.method,
        url: withoutTokens(request.url),
        status: reply.statusCode,
        remote: request.ip,
        caller: request.caller?.name,
        took_seconds: reply.elapsedTime / 1000,
      },
      'request',
    );
    done();
  });
}

/** Takes note of the methods of all paths, so that another method there is told which there are. */
function methodMatcher(app: FastifyInstance): (path: string) => string[] {
  const known: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[^/]+/g, '[^/]+')
      .replace(/\*/g, '.*');
    known.push({ pattern: new RegExp(`^${pattern}$`), methods: [method].flat() });
  });
  return (path) => [...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
}

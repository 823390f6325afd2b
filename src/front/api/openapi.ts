/** OpenAPI at `/openapi.json` and the pages at `/docs`, both made from the routes' schemas. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { docsPolicy } from '../http/security.js';
import { badRequest, noQuery } from '../http/route.js';
import type { ApiRoute } from './deps.js';

/**
 * Where the API is, relative to where the document is served: whatever name, proxy and path the reader came by.
 * Source: OpenAPI 3.1, "Server Object", and "Relative References in URLs".
 */
const serverFrom = { openapi: './', docs: '../' } as const;

export const openApiRoute: ApiRoute = {
  url: '/openapi.json',
  schema: {
    operationId: 'openapi',
    tags: ['documentation'],
    summary: 'Get this API as an OpenAPI 3.1 document',
    description: 'The pages at /docs show the same document.',
    querystring: noQuery,
    response: {
      200: { description: 'The document.', content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } } },
      ...badRequest,
    },
  },
  examples: ['/openapi.json'],
  handler: () => {
    let text: string | undefined;
    return (request, reply) => {
      text ??= JSON.stringify({ ...request.server.swagger(), servers: [{ url: serverFrom.openapi }] });
      return reply.type('application/json; charset=utf-8').send(text);
    };
  },
};

/** To be called before the routes are added: it takes note of them as they come. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'vitald',
        version,
        description:
          'Health of backends, as seen by this checker. Times are RFC 3339 in UTC, durations are in seconds, and errors follow RFC 9457.',
        license: { name: 'MIT' },
      },
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token of server.tokens. Alternatives are a client certificate and the Unix socket.',
          },
        },
      },
      // Nothing is needed where the configuration asks for nothing.
      security: [{ token: [] }, {}],
      // Each document gets its own; the plugin takes no relative one.
      servers: [{ url: '/' }],
      tags: [
        { name: 'status', description: 'For control planes that poll.' },
        { name: 'listeners', description: 'Listeners and their checks.' },
        { name: 'backends', description: 'Which backends are healthy, and why others are not.' },
        { name: 'overrides', description: 'What operators set for backends. It takes precedence over the checks.' },
        { name: 'runtime backends', description: 'Backends in addition to those of the configuration file.' },
        { name: 'outputs', description: 'Connections to load balancers and other systems.' },
        { name: 'checker', description: 'The checker itself.' },
        { name: 'documentation', description: 'Documentation for humans and tools.' },
      ],
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => (typeof schema.$id === 'string' ? schema.$id : `def-${index}`),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: docsPolicy,
    uiHooks: { onRequest: redirectToFolder },
    transformSpecification: (document) => ({ ...document, servers: [{ url: serverFrom.docs }] }),
    // The function above copies what it changes.
    transformSpecificationClone: false,
    theme: { title: 'vitald API' },
    // No badge of an outside validator: the page works without any network. BaseLayout: without the bar on top.
    uiConfig: { layout: 'BaseLayout', validatorUrl: null, docExpansion: 'list', deepLinking: true, tryItOutEnabled: false },
  });
}

/**
 * Swagger UI refers to its files from the root of the host when it is asked for without a slash at the end. Below a path of
 * a reverse proxy they would not be found, so it is only served as the folder `docs/`, with a redirect that is relative too.
 */
function redirectToFolder({ url }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const folder = folderOf[url.split('?', 1)[0]!];
  if (folder === undefined) done();
  else void reply.redirect(folder, 308);
}

const folderOf: Readonly<Record<string, string | undefined>> = { '/docs': 'docs/', '/docs/static/index.html': '../' };

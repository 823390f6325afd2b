import { Ajv2020 } from 'ajv/dist/2020.js';
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { LimitReached } from '#vitald/front/access/limit-reached.js';
import { shownPath, type Route } from '#vitald/front/http/route.js';
import { routes } from '#vitald/front/api/routes.js';
import { sharedSchemas } from '#vitald/front/api/schemas/index.js';
import type { BackendSubject } from '#vitald/front/diagnoses.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { eventually } from '../../support/eventually.js';
import { appOf, smallWorld, type FrontWorld } from '../../support/front-world.js';

const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
for (const schema of sharedSchemas) ajv.addSchema(schema);

/** They answer in formats of others; the tests of each kind see to that. */
const routesOfOutputs = new Set(outputKinds.flatMap((kind) => kind.routes ?? []));

/** Requests for every route, so that each of its answers is seen; a route without an entry fails the test. */
const requests: Record<string, (string | InjectOptions)[]> = {
  '/v1/listeners': ['/v1/listeners', '/v1/listeners?x=1'],
  '/v1/listeners/:listener': ['/v1/listeners/web', '/v1/listeners/dns', '/v1/listeners/none', '/v1/listeners/web?x=1'],
  '/v1/listeners/:listener/backends': [
    '/v1/listeners/web/backends',
    '/v1/listeners/web/backends?limit=1',
    '/v1/listeners/web/backends?source=runtime',
    '/v1/listeners/none/backends',
    '/v1/listeners/web/backends?limit=0',
  ],
  '/v1/listeners/:listener/backends/:backend': [
    '/v1/listeners/web/backends/app-1',
    '/v1/listeners/web/backends/app-2',
    '/v1/listeners/web/backends/app-3',
    '/v1/listeners/dns/backends/%5B::1%5D:53',
    '/v1/listeners/web/backends/none',
    '/v1/listeners/web/backends/app-1?x=1',
  ],
  'POST /v1/listeners/:listener/backends/:backend/diagnosis': [
    { method: 'POST', url: '/v1/listeners/web/backends/app-1/diagnosis?wait=20s' },
    { method: 'POST', url: '/v1/listeners/web/backends/app-2/diagnosis' },
    { method: 'POST', url: '/v1/listeners/web/backends/none/diagnosis' },
    { method: 'POST', url: '/v1/listeners/web/backends/app-1/diagnosis?x=1' },
    { method: 'POST', url: '/v1/listeners/web/backends/app-1/diagnosis', headers: { 'sec-fetch-site': 'cross-site' } },
  ],
  '/v1/listeners/:listener/backends/:backend/diagnosis': [
    '/v1/listeners/web/backends/app-1/diagnosis',
    '/v1/listeners/web/backends/app-3/diagnosis',
    '/v1/listeners/web/backends/app-1/diagnosis?x=1',
  ],
  '/v1/status': [
    '/v1/status',
    '/v1/status?since=1',
    '/v1/status?since=102',
    '/v1/status?listener=web',
    '/v1/status?since=x',
    '/v1/status?listener=none',
    { url: '/v1/status', headers: { 'if-none-match': '*' } },
  ],
  '/v1/events': ['/v1/events?listener=none', '/v1/events?x=1', '/v1/events', '/v1/events'],
  '/v1/outputs': ['/v1/outputs', '/v1/outputs?x=1'],
  '/healthz': ['/healthz', '/healthz?x=1'],
  '/readyz': ['/readyz', '/readyz?x=1'],
  '/metrics': ['/metrics', '/metrics?x=1'],
  '/': ['/', '/?x=1'],
  '/openapi.json': ['/openapi.json', '/openapi.json?x=1'],
};

/** test/front/control/answers.test.ts looks at those. */
function isControl({ schema: { tags, operationId } }: Route): boolean {
  return tags[0] === 'overrides' || tags[0] === 'runtime backends' || operationId === 'probeNow';
}

t.test('every answer follows the schema that OpenAPI shows for it', async (t) => {
  const world = smallWorld();
  const { app, state, holds, get, diagnoses, outputs } = await appOf(world);
  outputs.apply([{ name: 'sd', type: 'prometheus_sd', options: {} }]);
  t.teardown(() => {
    diagnoses.close();
    return app.close();
  });
  state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok'), world.turn('web', 'app-2', 'unhealthy', 'connect_refused')]);
  for (const { method = 'GET', url, schema } of routes.filter((route) => !isControl(route) && !routesOfOutputs.has(route))) {
    const seen = new Set<string>();
    const key = method === 'GET' ? url : `${method} ${url}`;
    const held = { '/v1/status': `/v1/status?since=${world.revision}&wait=1s`, '/v1/events': '/v1/events' }[url];
    if (held !== undefined) {
      const take = holds.take.bind(holds);
      holds.take = () => {
        throw new LimitReached({ limit: 'held_requests', scope: 'all', most: 1, what: 'held requests' });
      };
      const answer = await get(held);
      holds.take = take;
      t.ok(ajv.validate('Problem#', answer.json()), ajv.errorsText());
      seen.add(String(answer.statusCode));
    }
    for (const request of requests[key]!) {
      // An answer that ends only with the readers; after that nobody is taken.
      if (request === '/v1/events' && state.eventReaders.refuses === undefined)
        void eventually('a reader', () => state.eventReaders.size > 0).then(() => state.eventReaders.close());
      const answer = await app.inject(request);
      const documented = schema.response[answer.statusCode];
      if (!documented) throw new Error(`${name(request)} answers ${answer.statusCode}, which is not documented`);
      seen.add(String(answer.statusCode));
      if (documented.type === 'null') {
        t.equal(answer.body, '');
        continue;
      }
      const mediaType = String(answer.headers['content-type']).split(';')[0]!;
      const media = documented.content[mediaType];
      if (!media) throw new Error(`${name(request)} answers ${mediaType}, which is not documented`);
      const body: unknown = mediaType.endsWith('json') ? answer.json() : answer.body;
      t.ok(ajv.validate(media.schema, body), `${name(request)}: ${ajv.errorsText()}`);
    }
    if (url === '/readyz') {
      world.probe('web', 'app-3', 'ok', 1);
      const answer = await get(url);
      t.ok(ajv.validate('Ready#', answer.json()), ajv.errorsText());
      seen.add(String(answer.statusCode));
    }
    if (method === 'POST') {
      await eventually('a free place', () => diagnoses.freeWithinMs('127.0.0.1') === 0);
      for (const backend of ['hangs', 'hangs-too']) diagnoses.start({ ...subject(world), backend }, '127.0.0.1');
      const answer = await app.inject({ method, url: '/v1/listeners/web/backends/app-3/diagnosis' });
      t.ok(ajv.validate('Problem#', answer.json()), ajv.errorsText());
      seen.add(String(answer.statusCode));
    }
    t.same([...seen].sort(), Object.keys(schema.response).sort(), `${url}: every documented answer was seen`);
  }
});

function name(request: string | InjectOptions): string {
  return JSON.stringify(request);
}

function subject(world: FrontWorld): BackendSubject {
  const { name, check, backends } = world.plan().listeners[0]!;
  const { id, address, family, port, checkPort } = backends[0]!;
  return { listener: name, backend: id, address, family, port, checkPort, check };
}

t.test('the OpenAPI document lists every route and is well-formed', async (t) => {
  const { app, get } = await appOf(smallWorld());
  t.teardown(() => app.close());
  const document = (await get('/openapi.json')).json<Document>();
  t.match(document.openapi, /^3\.1\.\d$/);
  t.same(Object.keys(document.paths).sort(), [...new Set(routes.map(({ url }) => shownPath(url)))].sort());
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
  );
  for (const { path, parameters = [], responses } of operations) {
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    t.same(
      inPath.map(({ name }) => `{${name}}`),
      path.match(/\{\w+\}/g) ?? [],
      `${path}: its parameters are described`,
    );
    t.ok(inPath.every(({ required }) => required));
    t.ok(Object.values(responses).every(({ description }) => description));
  }
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, routes.length, 'operation ids are unique');
  for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)) {
    const schema = name!.replace('#/components/schemas/', '');
    t.ok(document.components.schemas[schema], `${name} leads somewhere`);
  }
});

interface Document {
  openapi: string;
  components: { schemas: Record<string, unknown> };
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: Record<string, { description?: string }>;
}

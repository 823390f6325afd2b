import type { InjectOptions } from 'fastify';
import t from 'tap';
import { CodedError } from '#vitald/errors.js';
import type { Route } from '#vitald/front/http/route.js';
import { routes } from '#vitald/front/api/routes.js';
import { undocumented } from '../../support/answers.js';
import { controlApi } from '../../support/control.js';
import { FrontWorld } from '../../support/front-world.js';

const backend = '/v1/listeners/web/backends/app-1';
const absent = '/v1/listeners/web/backends/none';
const why = { reason: 'x' };
const outside = { address: '192.0.2.1' };
const inside = { address: '10.0.0.9' };
const listed = { address: '10.0.0.8' };

type Request = Pick<InjectOptions, 'payload' | 'headers'> & { readonly url: string };

/** For each call, by its operationId: requests that together lead to all of its answers, beside those of below. */
const requests: Readonly<Record<string, readonly Request[]>> = {
  setOverride: [
    { url: `${backend}/override`, payload: { mode: 'maintenance', ...why } },
    { url: `${backend}/override`, payload: {} },
    { url: `${absent}/override`, payload: { mode: 'maintenance', ...why } },
  ],
  getOverride: [{ url: `${backend}/override` }, { url: `${absent}/override` }, { url: `${backend}/override?x=1` }],
  endOverride: [{ url: `${backend}/override?x=1` }, { url: `${backend}/override` }, { url: `${backend}/override` }],
  listOverrides: [{ url: '/v1/overrides' }, { url: '/v1/overrides?x=1' }],
  setWeight: [
    { url: `${backend}/weight`, payload: { weight: 1, ...why } },
    { url: `${backend}/weight`, payload: {} },
    { url: `${absent}/weight`, payload: { weight: 1, ...why } },
  ],
  endWeight: [{ url: `${backend}/weight?x=1` }, { url: `${backend}/weight` }, { url: `${backend}/weight` }],
  putBackend: [
    { url: '/v1/listeners/web/backends/app-9', payload: inside },
    { url: '/v1/listeners/web/backends/app-9', payload: inside },
    { url: '/v1/listeners/web/backends/app-9', payload: { address: 7 } },
    { url: '/v1/listeners/web/backends/app-9', payload: inside, headers: { 'if-none-match': '*' } },
    { url: '/v1/listeners/web/backends/app-8', payload: outside },
    { url: '/v1/listeners/none/backends/app-9', payload: inside },
    { url: backend, payload: inside },
  ],
  deleteBackend: [
    { url: '/v1/listeners/web/backends/app-9', headers: { 'if-match': '"1"' } },
    { url: '/v1/listeners/web/backends/app-9' },
    { url: absent },
    { url: backend },
    { url: `${backend}?x=1` },
  ],
  replaceBackends: [
    { url: '/v1/listeners/web/backends', payload: { backends: [listed] } },
    { url: '/v1/listeners/web/backends', payload: { backends: [listed] }, headers: { 'if-match': '"1"' } },
    { url: '/v1/listeners/web/backends', payload: { backends: [outside] } },
    { url: '/v1/listeners/web/backends', payload: { backends: [listed, listed] } },
    { url: '/v1/listeners/web/backends', payload: {} },
    { url: '/v1/listeners/none/backends', payload: { backends: [] } },
  ],
  probeNow: [
    { url: `${backend}/probe` },
    { url: `${backend}/probe` },
    { url: `${backend}/probe?x=1` },
    { url: `${absent}/probe` },
    { url: '/v1/listeners/dns/backends/unchecked/probe' },
  ],
  getAudit: [{ url: '/v1/audit' }, { url: '/v1/audit?limit=0' }],
};

/** Answers that have tests of their own beside this one: too many, and too late. */
const seenElsewhere: Readonly<Record<string, readonly string[]>> = {
  setOverride: ['409'],
  setWeight: ['409'],
  probeNow: ['504'],
};

t.test('every answer follows the schema that OpenAPI shows for it', async (t) => {
  const world = new FrontWorld({ web: { backends: ['app-1', 'app-2'] }, dns: { backends: ['unchecked'], check: { enabled: false } } });
  let isDiskFull = false;
  const file = { save: () => (isDiskFull ? Promise.reject(new CodedError('state_not_saved', 'the disk is full')) : Promise.resolve()) };
  const { app, engine, control } = await controlApi(t, { world, file });
  const seen = new Map<string, Set<string>>();
  const ask = async (route: Route, request: Request): Promise<void> => {
    const answer = await app.inject({ method: route.method ?? 'GET', ...request });
    t.equal(undocumented(route, answer), undefined, `${route.schema.operationId} ${JSON.stringify(request)}`);
    const statuses = seen.get(route.schema.operationId) ?? new Set();
    seen.set(route.schema.operationId, statuses.add(String(answer.statusCode)));
  };
  const calls = routes.filter(({ schema }) => schema.operationId in requests);
  t.equal(calls.length, Object.keys(requests).length);
  for (const route of calls) for (const request of requests[route.schema.operationId]!) await ask(route, request);
  const again = calls.filter(({ method = 'GET' }) => method !== 'GET');
  await app.inject({ method: 'PUT', url: '/v1/listeners/web/backends/app-9', payload: inside });
  await control.overrides.setMode('web', 'app-1', 'maintenance', { by: 'x', why: 'x', at: 0, expiresAt: undefined });
  await control.overrides.setWeight('web', 'app-1', 5, { by: 'x', why: 'x', at: 0, expiresAt: undefined });
  engine.stopping = true;
  for (const route of again) await ask(route, anew(route));
  engine.stopping = false;
  isDiskFull = true;
  await control.overrides.setMode('web', 'app-1', 'maintenance', { by: 'x', why: 'x', at: 0, expiresAt: undefined });
  await control.overrides.setWeight('web', 'app-1', 5, { by: 'x', why: 'x', at: 0, expiresAt: undefined });
  for (const route of again) await ask(route, anew(route));
  for (const { schema } of calls) {
    const missing = Object.keys(schema.response).filter((status) => !seen.get(schema.operationId)!.has(status));
    t.same(
      missing,
      missing.filter((status) => seenElsewhere[schema.operationId]?.includes(status)),
      `${schema.operationId}: every documented answer was seen`,
    );
  }
});

/** A request that changes something, whatever the ones before did. */
function anew({ schema: { operationId } }: Route): Request {
  switch (operationId) {
    case 'putBackend':
      return { url: '/v1/listeners/web/backends/app-7', payload: { address: '10.0.0.7' } };
    case 'deleteBackend':
      return { url: '/v1/listeners/web/backends/app-9' };
    case 'replaceBackends':
      return { url: '/v1/listeners/web/backends', payload: { backends: [listed, { name: 'app-9', address: '10.0.0.6' }] } };
    case 'probeNow':
      return { url: '/v1/listeners/web/backends/app-2/probe' };
    default:
      return { ...requests[operationId]!.find(({ url }) => url.startsWith(backend) && !url.includes('?'))! };
  }
}

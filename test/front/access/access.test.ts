/** Who may ask for what: every refusal, and what it says. */
import t, { type Test } from 'tap';
import type { AccessPlan } from '#vitald/config/plan.js';
import { routes } from '#vitald/front/api/routes.js';
import { neededFor } from '#vitald/front/http/route.js';
import { appOf, smallWorld } from '../../support/front-world.js';
import { testToken } from '../../support/tokens.js';

interface Problem {
  readonly code: string;
  readonly detail: string;
}

const reader = testToken('read');
const operator = testToken('operate');
const admin = testToken('admin');
const tokens = [reader.plan, operator.plan, admin.plan];

async function api(t: Test, access: Partial<AccessPlan> = { tokens }) {
  const world = smallWorld();
  world.access = access;
  const made = await appOf(world);
  t.teardown(() => made.app.close());
  const ask = (method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', url: string, headers: Record<string, string> = {}) =>
    made.app.inject({ method, url, headers });
  const refusals = (): Record<string, unknown>[] => made.lines.filter(({ msg }) => String(msg).startsWith('refused: '));
  return { ...made, world, ask, refusals };
}

const diagnosis = '/v1/listeners/web/backends/app-1/diagnosis';

t.test('where tokens are configured, every call asks for one', async (t) => {
  const { app } = await api(t);
  const paths = routes.map(({ method = 'GET', examples }) => ({ method, url: examples[0]! }));
  const asked = [...paths, { method: 'GET', url: '/docs' }, { method: 'GET', url: '/nothing' }] as const;
  for (const [index, { method, url }] of asked.entries()) {
    // From many addresses: one of them may not be refused so often in a second.
    const answer = await app.inject({ method, url, remoteAddress: `10.0.0.${index + 1}` });
    t.equal(answer.statusCode, 401, `${method} ${url}`);
    t.equal(answer.json<Problem>().code, 'unauthorized');
    t.match(answer.headers['www-authenticate'], ['Bearer realm="vitald"', /^Basic /]);
    t.match(answer.headers['content-security-policy'], /default-src 'none'/);
  }
});

t.test('with a token that may look, what only looks is answered, and what changes is not', async (t) => {
  const { ask } = await api(t);
  // A stream of events has no end that could be waited for.
  for (const route of routes.filter(({ url }) => url !== '/v1/events')) {
    const { method = 'GET', examples } = route;
    const answer = await ask(method, examples[0]!, reader.headers);
    const looks = ['read', 'metrics', 'health'].includes(neededFor(route));
    t.equal(answer.statusCode === 403, !looks, `${method} ${examples[0]}: ${answer.statusCode}`);
    t.not(answer.statusCode, 401);
  }
  for (const path of ['/', '/docs/', '/docs/static/swagger-ui.css', '/openapi.json']) {
    t.equal((await ask('GET', path, reader.headers)).statusCode, 200, path);
  }
});

t.test('each role may do what the ones before it may', async (t) => {
  const { ask, refusals } = await api(t);
  const answer = await ask('POST', diagnosis, reader.headers);
  t.equal(answer.statusCode, 403);
  t.match(answer.json<Problem>(), { code: 'forbidden', detail: 'This takes the role operate; read has the role read.' });
  t.match(refusals(), [{ level: 40, code: 'forbidden', method: 'POST', path: diagnosis, caller: 'read', remote: '127.0.0.1' }]);
  for (const { headers } of [operator, admin]) t.equal((await ask('POST', diagnosis, headers)).statusCode, 202);
});

t.test('another method than there is gets the same answer, whatever the role', async (t) => {
  const { ask } = await api(t);
  t.equal((await ask('DELETE', '/v1/status', reader.headers)).statusCode, 405);
  t.equal((await ask('GET', '/nothing', reader.headers)).statusCode, 404);
});

t.test('a browser sends the token as the password of any user', async (t) => {
  const { ask } = await api(t);
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  t.equal((await ask('GET', '/', basic(`me:${reader.token}`))).statusCode, 200);
  t.equal((await ask('GET', '/', basic(`:${reader.token}`))).statusCode, 200);
  t.equal((await ask('GET', '/', basic(`${reader.token}:`))).statusCode, 401);
  t.equal((await ask('GET', '/', { authorization: `bearer  ${reader.token}` })).statusCode, 200, 'the scheme in any case');
});

t.test('what is not a known token is refused', async (t) => {
  const { ask } = await api(t);
  const { sha256 } = reader.plan;
  const wrong = [
    'Bearer',
    'Bearer ',
    reader.token,
    `Token ${reader.token}`,
    `Bearer ${reader.token} x`,
    `Bearer ${reader.token}x`,
    `Bearer ${reader.token.slice(0, -1)}`,
    `Bearer ${reader.token.toUpperCase()}`,
    `Bearer ${sha256}`,
    `Bearer ${testToken('admin').token}`,
    `Bearer ${'x'.repeat(5000)}`,
    'Basic !!!',
    'Basic OjpeOg==',
    'Negotiate abc',
  ];
  for (const authorization of wrong) {
    const answer = await ask('GET', '/v1/status', { authorization });
    t.equal(answer.statusCode, 401, authorization.slice(0, 30));
  }
});

t.test('a short text is no token, although its hash is in the configuration', async (t) => {
  const { createHash } = await import('node:crypto');
  const sha256 = createHash('sha256').update('letmein').digest('hex');
  const { ask } = await api(t, { tokens: [{ name: 'lazy', role: 'admin', sha256 }] });
  t.equal((await ask('GET', '/v1/status', { authorization: 'Bearer letmein' })).statusCode, 401);
});

t.test('without configured credentials whoever comes may do everything, and a token does no harm', async (t) => {
  const { ask } = await api(t, {});
  t.equal((await ask('GET', '/v1/status', reader.headers)).statusCode, 200);
  t.equal((await ask('POST', diagnosis)).statusCode, 202);
});

t.test('a page whose name was made to point here is refused where nobody is asked for credentials', async (t) => {
  const { ask, refusals } = await api(t, { names: ['checker.example.com'] });
  const own = [
    '127.0.0.1:8248',
    '[::1]:8248',
    '10.1.2.3',
    'localhost:8248',
    'x.localhost',
    'vitald',
    'vitald:8248',
    'Checker.Example.COM:1',
  ];
  for (const host of [...own, 'checker.example.com.']) t.equal((await ask('GET', '/v1/status', { host })).statusCode, 200, host);
  const foreign = ['evil.example.com', 'evil.example.com:8248', '127.0.0.1.evil.com', 'localhost.evil.com', 'evil.com.', '[::1].evil.com'];
  for (const host of foreign.slice(0, 5)) {
    const answer = await ask('GET', '/v1/status', { host });
    t.equal(answer.statusCode, 421, host);
    t.match(answer.json<Problem>(), { code: 'misdirected', detail: /server\.names/ });
  }
  t.equal(refusals().length, 5);
  t.equal((await ask('GET', '/healthz', { host: 'evil.example.com' })).statusCode, 200, 'health is no secret');
});

t.test('with a token the name does not matter: a browser sends it only where it belongs', async (t) => {
  const { ask } = await api(t);
  t.equal((await ask('GET', '/v1/status', { host: 'vitald.example.com', ...reader.headers })).statusCode, 200);
});

t.test('a page of another site may not change anything, with whatever the browser sends along', async (t) => {
  for (const access of [{}, { tokens }]) {
    const { ask } = await api(t, access);
    const post = (headers: Record<string, string>) => ask('POST', diagnosis, { host: '127.0.0.1:8248', ...admin.headers, ...headers });
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example.com' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:9999' },
    ];
    for (const headers of foreign) t.match((await post(headers)).json<Problem>(), { code: 'forbidden', detail: /another site/ });
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: 'http://127.0.0.1:8248' }]) {
      t.equal((await post(headers)).statusCode, 202, JSON.stringify(headers));
    }
    t.equal((await ask('GET', '/v1/status', { ...admin.headers, 'sec-fetch-site': 'cross-site' })).statusCode, 200, 'links to it work');
  }
});

t.test('metrics and health can be opened, each apart', async (t) => {
  const status = async (open: AccessPlan['open']): Promise<number[]> => {
    const { ask } = await api(t, { tokens, open });
    const answers = await Promise.all(['/metrics', '/healthz', '/readyz', '/v1/status'].map((path) => ask('GET', path)));
    return answers.map(({ statusCode }) => statusCode);
  };
  t.same(await status([]), [401, 401, 401, 401]);
  t.same(await status(['metrics']), [200, 401, 401, 401]);
  t.same(await status(['health']), [401, 200, 503, 401]);
  const { ask } = await api(t, { tokens, open: ['metrics', 'health'] });
  t.equal((await ask('GET', '/metrics', { host: 'vitald.example.com', authorization: 'Bearer of-another-time' })).statusCode, 200);
  t.equal((await ask('POST', '/metrics')).statusCode, 401);
});

t.test('a reload changes who may what', async (t) => {
  const { ask, world, state } = await api(t, { tokens: [reader.plan] });
  t.equal((await ask('GET', '/v1/status', reader.headers)).statusCode, 200);
  world.access = { tokens: [{ ...operator.plan, role: 'admin' }] };
  state.applyPlan(world.planMessage());
  t.equal((await ask('GET', '/v1/status', reader.headers)).statusCode, 401);
  t.equal((await ask('POST', diagnosis, operator.headers)).statusCode, 202);
});

t.test('a body that comes without credentials is not waited for', async (t) => {
  const { app } = await api(t);
  const answer = await app.inject({ method: 'POST', url: diagnosis, payload: 'x'.repeat(100) });
  t.equal(answer.statusCode, 401);
  t.equal(answer.headers.connection, 'close');
});

t.test('a client may send so many requests a second, and is then told when to come again', async (t) => {
  const { ask } = await api(t, { tokens, limits: { requestsPerSecond: 5, connections: 10, connectionsPerAddress: 10 } });
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('GET', '/v1/listeners', reader.headers)));
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  t.ok(refused.length >= 2 && refused.length <= 7, 'a second may have ended in between');
  for (const answer of refused) {
    t.match(answer.json<Problem>(), { code: 'rate_limited', detail: /More than 5 requests a second/ });
    t.equal(answer.headers['retry-after'], '1');
  }
});

t.test('one client’s limit is not another’s; scrapes, changes and health are counted apart', async (t) => {
  const { ask } = await api(t, { tokens, limits: { requestsPerSecond: 1, connections: 10, connectionsPerAddress: 10 } });
  const answers = await Promise.all([
    ask('GET', '/v1/status', admin.headers),
    ask('GET', '/v1/status', operator.headers),
    ask('POST', diagnosis, admin.headers),
    ask('GET', '/metrics', admin.headers),
    ...Array.from({ length: 10 }, () => ask('GET', '/healthz', admin.headers)),
  ]);
  for (const { statusCode } of answers) t.not(statusCode, 429);
});

t.test('wrong credentials are soon answered with 429, and right ones of the same address never', async (t) => {
  const { ask, refusals } = await api(t);
  const wrong = testToken('admin').headers;
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask('GET', '/v1/status', wrong)));
  const codes = answers.map(({ statusCode }) => statusCode);
  t.ok(codes.includes(401));
  t.ok(codes.filter((code) => code === 429).length >= 40);
  t.ok(answers.every(({ statusCode, headers }) => statusCode === 401 || headers['retry-after'] === '1'));
  t.equal((await ask('GET', '/v1/status', reader.headers)).statusCode, 200);
  t.equal(refusals().length, 5, 'the log is not filled with them');
});

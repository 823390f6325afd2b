import t from 'tap';
import { controlApi, type Problem } from '../../support/control.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';

const path = '/listeners/web/backends';

t.test('a probe now answers when it has ended, with its result', async (t) => {
  const { ask, control } = await controlApi(t);
  const answer = await ask.post(`${path}/app-2/probe`);
  t.equal(answer.statusCode, 200, answer.body);
  t.match(answer.json(), { backend: 'app-2', last_probe: { outcome: 'pass', reason: 'ok' } });
  t.match(control.audit.latest(1)[0], { action: 'probe_asked', backend: 'app-2', result: 'done' });
});

t.test('a backend is probed on request once a second at most', async (t) => {
  const { ask } = await controlApi(t);
  const [first, second] = await Promise.all([ask.post(`${path}/app-1/probe`), ask.post(`${path}/app-1/probe`)]);
  t.equal(first.statusCode, 200);
  t.match(second.json<Problem>(), { status: 429, code: 'probe_limit' });
  t.equal(second.headers['retry-after'], '1');
  t.equal((await ask.post(`${path}/app-3/probe`)).statusCode, 200, 'another one may be');
});

t.test('what cannot be probed is said', async (t) => {
  const { ask } = await controlApi(t);
  t.match((await ask.post('/listeners/dns/backends/%5B::1%5D:53/probe')).json<Problem>(), { status: 409, code: 'check_disabled' });
  t.match((await ask.post(`${path}/none/probe`)).json<Problem>(), { status: 404, code: 'backend_not_found' });
  t.match((await ask.post('/listeners/none/backends/x/probe')).json<Problem>(), { status: 404, code: 'listener_not_found' });
});

t.test('a probe that does not end in time is told', async (t) => {
  // The grace of two seconds is waited for.
  const world = new FrontWorld({ web: { backends: ['app-1'], check: { timeoutMs: 100 } } });
  const { ask, engine } = await controlApi(t, { world });
  engine.answersProbes = false;
  t.match((await ask.post(`${path}/app-1/probe`)).json<Problem>(), { status: 504, code: 'probe_timeout' });
});

t.test('a backend that goes meanwhile is not waited for', async (t) => {
  const { ask, engine, world } = await controlApi(t);
  engine.answersProbes = false;
  const answer = ask.post(`${path}/app-2/probe`);
  await eventually('the request', () => engine.commands.length === 1);
  engine.reload(world.reconfigure({ web: { backends: ['app-1'] } }));
  t.match((await answer).json<Problem>(), { status: 404, code: 'backend_not_found' });
});

t.test('at most 50 requests wait for a probe', async (t) => {
  const world = new FrontWorld({ web: { backends: Array.from({ length: 52 }, (_, i) => `b-${i}`), check: { timeoutMs: 100 } } });
  const { ask, engine } = await controlApi(t, { world });
  engine.answersProbes = false;
  const answers = await Promise.all(Array.from({ length: 52 }, (_, i) => ask.post(`${path}/b-${i}/probe`)));
  const count = (status: number): number => answers.filter(({ statusCode }) => statusCode === status).length;
  t.same([count(504), count(429)], [50, 2]);
});

import t from 'tap';
import type { Override, OverrideCommand } from '#vitald/messages.js';
import { controlApi, type Problem } from '../../support/control.js';
import { eventually } from '../../support/eventually.js';
import { wallClock } from '../../support/wall-clock.js';

const path = '/listeners/web/backends/app-1';

interface Shown {
  readonly listener: string;
  readonly backend: string;
  readonly present: boolean;
  readonly override: Record<string, unknown> | null;
  readonly weight_override: Record<string, unknown> | null;
}

t.test('an override is in force when it is answered, says who and why, and ends', async (t) => {
  const { ask } = await controlApi(t);
  const set = await ask.put(`${path}/override`, { mode: 'maintenance', reason: 'new kernel', by: 'alice' });
  t.equal(set.statusCode, 200, set.body);
  const override = { mode: 'maintenance', reason: 'new kernel', by: 'alice', expires_at: null };
  t.match(set.json(), { listener: 'web', backend: 'app-1', present: true, override, weight_override: null });
  t.match((await ask.get(path)).json(), { routable: false, routable_because: 'maintenance', override, configured_weight: 10 });
  t.match((await ask.get(`${path}/override`)).json(), { override });
  t.match((await ask.get('/overrides')).json(), { overrides: [{ listener: 'web', backend: 'app-1', override }] });

  const ended = await ask.delete(`${path}/override?reason=done&by=bob`);
  t.equal(ended.statusCode, 200);
  t.match(ended.json(), { override: null });
  t.match((await ask.get(path)).json(), { routable_because: 'healthy', override: null });
  t.match((await ask.get('/overrides')).json(), { overrides: [] });
  t.match((await ask.delete(`${path}/override`)).json<Problem>(), { status: 404, code: 'override_not_found' });
  t.match((await ask.get(`${path}/override`)).json<Problem>(), { status: 404, code: 'override_not_found' });
});

t.test('weight and override are set and ended apart from each other', async (t) => {
  const { ask } = await controlApi(t);
  await ask.put(`${path}/override`, { mode: 'forced_healthy', reason: 'check is wrong' });
  t.match((await ask.put(`${path}/weight`, { weight: 3, reason: 'warm up' })).json(), {
    override: { mode: 'forced_healthy', by: 'anonymous' },
    weight_override: { weight: 3, reason: 'warm up' },
  });
  t.match((await ask.get(path)).json(), { weight: 3, configured_weight: 10 });
  t.match((await ask.delete(`${path}/override`)).json(), { override: null, weight_override: { weight: 3 } });
  t.match((await ask.put(`${path}/weight`, { weight: 0, reason: 'drain' })).json(), { weight_override: { weight: 0 } });
  t.match((await ask.get(path)).json(), { weight: 0, routable: false, routable_because: 'weight_zero' });
  t.match((await ask.delete(`${path}/weight`)).json(), { weight_override: null });
  t.match((await ask.get(path)).json(), { weight: 10, weight_override: null });
  t.match((await ask.delete(`${path}/weight`)).json<Problem>(), { code: 'override_not_found' });
});

t.test('a wrong request changes nothing, and says what is allowed', async (t) => {
  const { ask, state, engine } = await controlApi(t);
  const good = { mode: 'maintenance', reason: 'x' };
  const cases: [string, string, object | undefined, number, string, RegExp][] = [
    ['no body', '/override', undefined, 400, 'bad_request', /must be a JSON object/],
    ['no reason', '/override', { mode: 'maintenance' }, 400, 'bad_request', /`reason` is missing/],
    ['an empty reason', '/override', { ...good, reason: '' }, 400, 'bad_request', /`reason` must be one line of 1 to 500 characters/],
    ['a blank reason', '/override', { ...good, reason: '  ' }, 400, 'bad_request', /not empty/],
    ['a reason of two lines', '/override', { ...good, reason: 'a\nb' }, 400, 'bad_request', /one line/],
    ['a reason with an escape', '/override', { ...good, reason: 'a\u001b[2J' }, 400, 'bad_request', /one line/],
    ['a reason that is too long', '/override', { ...good, reason: 'x'.repeat(501) }, 400, 'bad_request', /1 to 500/],
    ['a reason that is no text', '/override', { ...good, reason: 7 }, 400, 'bad_request', /`reason` must be one line/],
    [
      'an unknown mode',
      '/override',
      { ...good, mode: 'drain' },
      400,
      'bad_request',
      /one of maintenance, forced_healthy, forced_unhealthy/,
    ],
    ['an unknown member', '/override', { ...good, expires: 7 }, 400, 'bad_request', /"expires" is not known; known are `mode`/],
    ['a time without a zone', '/override', { ...good, expires_at: '2030-01-01T00:00:00' }, 400, 'bad_request', /RFC 3339/],
    [
      'a time that does not exist',
      '/override',
      { ...good, expires_at: '2030-13-01T00:00:00Z' },
      400,
      'bad_request',
      /no time that there is/,
    ],
    ['a time that has passed', '/override', { ...good, expires_at: '2020-01-01T00:00:00Z' }, 400, 'bad_request', /has passed/],
    ['a time too far away', '/override', { ...good, expires_at: '2999-01-01T00:00:00Z' }, 400, 'bad_request', /more than a year/],
    ['two ends', '/override', { ...good, expires_at: '2999-01-01T00:00:00Z', expires_in_seconds: 5 }, 400, 'bad_request', /not both/],
    ['no time at all', '/override', { ...good, expires_in_seconds: 0 }, 400, 'bad_request', /number from 1 to/],
    [
      'a weight of null',
      '/weight',
      { weight: null, reason: 'x' },
      400,
      'bad_request',
      /`weight` must be a whole number from 0 to 1000000, not null/,
    ],
    ['a weight as text', '/weight', { weight: '5', reason: 'x' }, 400, 'bad_request', /whole number/],
    ['a weight in a list', '/weight', { weight: [5], reason: 'x' }, 400, 'bad_request', /whole number/],
    ['a negative weight', '/weight', { weight: -1, reason: 'x' }, 400, 'bad_request', /from 0/],
  ];
  for (const [what, end, body, status, code, detail] of cases) {
    t.match((await ask.put(path + end, body)).json<Problem>(), { status, code, detail }, what);
  }
  const elsewhere = [
    ['/listeners/none/backends/app-1', 'listener_not_found'],
    ['/listeners/web/backends/none', 'backend_not_found'],
  ] as const;
  for (const [where, code] of elsewhere) {
    t.match((await ask.put(`${where}/override`, good)).json<Problem>(), { status: 404, code }, 'a mistyped name is not taken for done');
    t.match((await ask.put(`${where}/weight`, { weight: 1, reason: 'x' })).json<Problem>(), { code });
    t.match((await ask.delete(`${where}/override`)).json<Problem>(), { code });
    t.match((await ask.delete(`${where}/weight`)).json<Problem>(), { code });
    t.match((await ask.get(`${where}/override`)).json<Problem>(), { code });
  }
  t.match((await ask.put(`${path}/override`, good, { 'content-type': 'text/plain' })).json<Problem>(), { code: 'unsupported_media_type' });
  t.equal(state.overrides.size, 0);
  t.same(engine.commands, []);
});

t.test('an override ends by itself, as the log and the audit tell', async (t) => {
  const { ask, lines, control, state } = await controlApi(t);
  await ask.put(`${path}/override`, { mode: 'forced_unhealthy', reason: 'test', expires_in_seconds: 1 });
  await ask.put(`${path}/weight`, { weight: 2, reason: 'for longer', expires_in_seconds: 3600 });
  t.ok(state.overrides.of('web', 'app-1')?.adminNote?.expiresAt);
  await eventually('its end', () => state.overrides.of('web', 'app-1')?.admin === 'none');
  const [entry] = await eventually('its line', () => control.audit.latest(1)[0]?.action === 'override_expired' && control.audit.latest(1));
  t.match(entry, {
    caller: 'vitald',
    listener: 'web',
    backend: 'app-1',
    reason: 'test',
    before: { mode: 'forced_unhealthy' },
    after: null,
  });
  t.match((await ask.get(path)).json(), { routable_because: 'healthy', override: null, weight_override: { weight: 2 } });
  t.ok(lines.some(({ audit, action }) => audit === true && action === 'override_expired'));
});

t.test('what was set for a duration ends after it, though the wall clock goes back meanwhile', async (t) => {
  const { ask, control, state } = await controlApi(t);
  const clock = wallClock(t);
  await ask.put(`${path}/override`, { mode: 'maintenance', reason: 'test', expires_in_seconds: 1 });
  await ask.put('/listeners/web/backends/app-2/weight', { weight: 0, reason: 'drain', expires_in_seconds: 1 });
  await ask.put('/listeners/web/backends/app-3/weight', {
    weight: 0,
    reason: 'stays',
    expires_at: new Date(Date.now() + 1000).toISOString(),
  });
  clock.step(-3_600_000);
  await eventually('their end', () => state.overrides.size === 1);
  t.match(state.overrides.of('web', 'app-3'), { weight: 0 }, 'until a time: that time is still to come');
  await eventually('the lines', () => control.audit.latest(2).every(({ action }) => action.endsWith('_expired')));
  t.same(
    control.audit
      .latest(2)
      .map(({ action }) => action)
      .sort(),
    ['override_expired', 'weight_expired'],
  );
});

t.test('a front that starts anew in the same process ends it at the same moment', async (t) => {
  const first = await controlApi(t);
  const clock = wallClock(t);
  await first.ask.put(`${path}/override`, { mode: 'maintenance', reason: 'test', expires_in_seconds: 1 });
  const kept = (first.engine.commands[0] as OverrideCommand).overrides;
  await first.control.close();
  clock.step(-3_600_000);
  const second = await controlApi(t, { overrides: structuredClone(kept) });
  second.control.start();
  await eventually('its end', () => second.state.overrides.size === 0);
});

const note = { by: 'alice', why: 'new disk', at: Date.now() - 7_200_000, expiresAt: undefined };
const ofApp1: Override = { listener: 'web', backend: 'app-1', admin: 'maintenance', weight: undefined, adminNote: note };

t.test('what expired while vitald was not there ends at its start', async (t) => {
  const expired = { ...ofApp1, adminNote: { ...note, expiresAt: Date.now() - 1000 } };
  const { control, state, ask } = await controlApi(t, { overrides: [expired] });
  control.start();
  await eventually('its end', () => state.overrides.size === 0);
  t.match((await ask.get(path)).json(), { override: null });
});

t.test('overrides of backends that are not there are kept, shown, told of at the start, and can be ended', async (t) => {
  const gone = { ...ofApp1, backend: 'app-9' };
  const { ask, control, lines } = await controlApi(t, { overrides: [ofApp1, gone, { ...gone, listener: 'old' }] });
  control.start();
  const { overrides } = (await ask.get('/overrides')).json<{ overrides: Shown[] }>();
  t.same(
    overrides.map(({ listener, backend, present }) => [listener, backend, present]),
    [
      ['web', 'app-1', true],
      ['web', 'app-9', false],
      ['old', 'app-9', false],
    ],
  );
  const told = lines.find(({ overrides }) => overrides === 2);
  t.match(told, { level: 40, backends: ['web/app-9', 'old/app-9'] });
  t.match((await ask.get('/listeners/old/backends/app-9/override')).json<Shown>(), { present: false, override: { by: 'alice' } });
  t.equal((await ask.delete('/listeners/web/backends/app-9/override')).statusCode, 200);
  t.equal((await ask.delete('/listeners/old/backends/app-9/override')).statusCode, 200);
});

t.test('a backend that comes under an old override is told of, and so is one that leaves it behind', async (t) => {
  const { ask, engine, world, lines } = await controlApi(t);
  await ask.put(`${path}/override`, { mode: 'maintenance', reason: 'new disk' });
  engine.reload(world.reconfigure({ web: { backends: ['app-2'] } }));
  engine.reload(world.reconfigure({ web: { backends: ['app-1', 'app-2'] } }));
  t.match(
    lines.filter(({ level }) => level === 40).map(({ msg }) => msg),
    [/web\/app-1 is gone; its override is kept/, /web\/app-1 is there, and an earlier override of it holds/],
  );
  t.ok((await ask.get(`${path}/override`)).json<Shown>().override);
});

t.test('changes that come together are told to the engine together, in their order', async (t) => {
  const { ask, engine, state } = await controlApi(t);
  let go = (): void => undefined;
  engine.pause = new Promise<void>((resolve) => (go = resolve));
  const first = ask.put(`${path}/weight`, { weight: 1, reason: 'first' });
  await eventually('the first', () => engine.commands.length === 1);
  const others = Promise.all(Array.from({ length: 50 }, (_, i) => ask.put(`${path}/weight`, { weight: i, reason: `number ${i}` })));
  await eventually('the others', () => state.overrides.of('web', 'app-1')?.weightNote?.why === 'number 49');
  go();
  t.equal((await first).statusCode, 200);
  t.same([...new Set((await others).map(({ statusCode }) => statusCode))], [200]);
  t.equal(engine.commands.length, 2);
  t.match((await ask.get(path)).json(), { weight: 49 });
});

t.test('there may be 10,000 overrides', async (t) => {
  const overrides = Array.from({ length: 10_000 }, (_, i) => ({ ...ofApp1, backend: `gone-${i}` }));
  const { ask } = await controlApi(t, { overrides });
  t.match((await ask.put(`${path}/weight`, { weight: 1, reason: 'x' })).json<Problem>(), { status: 409, code: 'override_limit' });
  t.equal((await ask.get('/overrides')).json<{ overrides: unknown[] }>().overrides.length, 10_000);
});

t.test('metrics and the page show what is overridden', async (t) => {
  const { ask, get } = await controlApi(t);
  await ask.put(`${path}/override`, { mode: 'maintenance', reason: 'x' });
  await ask.put(`${path}/weight`, { weight: 1, reason: 'x' });
  const metrics = (await get('/metrics')).body;
  t.match(metrics, /^vitald_overrides\{mode="maintenance"\} 1$/m);
  t.match(metrics, /^vitald_overrides\{mode="forced_healthy"\} 0$/m);
  t.match(metrics, /^vitald_overrides\{mode="weight"\} 1$/m);
  t.match((await get('/')).body, /1 in maintenance[^<]*1 with a weight of its own/);
});

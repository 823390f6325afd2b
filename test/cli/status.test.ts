import t, { type Test } from 'tap';
import { createClient } from '#vitald/cli/client/client.js';
import type { BackendAnswer, StatusAnswer } from '#vitald/cli/client/answers.js';
import { statusCommand, type StatusFlags } from '#vitald/cli/status.js';
import { detailText } from '#vitald/cli/status-one.js';
import { age, statusTable } from '#vitald/cli/status-text.js';
import { CodedError } from '#vitald/errors.js';
import { RecordedIo, stoppableClient } from '../support/command-io.js';
import { eventually } from '../support/eventually.js';
import { appOf, smallWorld } from '../support/front-world.js';
import { leadingTo } from '../support/leading-to.js';

async function daemon(t: Test) {
  const world = smallWorld();
  const { app, state } = await appOf(world);
  t.teardown(() => app.close());
  const api = await app.listen({ port: 0, host: '127.0.0.1' });
  return { world, app, state, api };
}

async function run(api: string, words: string[], flags: Partial<StatusFlags> = {}, io = new RecordedIo()) {
  const code = await statusCommand(words, { watch: false, json: false, ...flags }, createClient({ api }, {}), io);
  return { code, io, lines: io.lines };
}

t.test('a table for people: the unhealthy first, what is routable and why, what the last probe said', async (t) => {
  const { api } = await daemon(t);
  const { code, lines } = await run(api, []);
  t.equal(code, 0);
  t.match(lines[0], /^LISTENER {2}BACKEND {3}STATE {6}FOR +ROUTABLE +WEIGHT {2}RTT +LAST PROBE$/);
  t.match(lines[1], /^web +app-2 +unhealthy +\d+d \d+h +no +10 +- +status_mismatch: HTTP 503, expected http_2xx$/);
  t.match(lines[2], /^web +app-3 +initial +\d+d \d+h +no +10 +- +-$/);
  t.match(lines[3], /^web +app-1 +healthy +\d+d \d+h +yes +10 +1\.2 ms +ok: HTTP 200$/);
  t.match(lines[4], /^dns +\[::1\]:53 +disabled +\d+d \d+h +yes \(check_disabled\) +10/);
  t.equal(lines[6], '4 backends: 1 healthy, 1 unhealthy, 1 initial, 1 disabled; 2 routable (checker lb-1)');
});

t.test('one listener, one backend, some states', async (t) => {
  const { api } = await daemon(t);
  t.match((await run(api, ['dns'])).io.text, /^LISTENER[^\n]*\ndns {7}\[::1\]:53[^\n]*\n\n1 backend: 1 disabled; 1 routable/);
  t.match((await run(api, [], { state: ['unhealthy', 'initial'] })).lines.slice(1, 4), [/app-2/, /app-3/, /^$/]);
  t.match((await run(api, ['dns'], { state: ['initial'] })).io.text, /^0 backends \(checker lb-1\)\n$/);
});

t.test('for scripts: exit code 1 where the backend that is named is not routable', async (t) => {
  const { api } = await daemon(t);
  t.match(await run(api, ['web', 'app-1']), { code: 0 });
  t.match(await run(api, ['web', 'app-2']), { code: 1 });
  t.match(await run(api, ['web', 'app-3'], { json: true }), { code: 1 });
  t.match(await run(api, ['web']), { code: 0 }, 'not for several');
});

t.test('what is not there is wrong usage, in the words of the daemon where it knows them', async (t) => {
  const { api } = await daemon(t);
  await t.rejects(run(api, ['wib']), { code: 'usage', message: /no listener "wib"; the listeners are: web, dns/ });
  await t.rejects(run(api, ['web', 'app-9']), { code: 'usage', message: /no backend "app-9"; see/ });
  await t.rejects(run(api, ['web', 'app-1'], { state: ['healthy'] }), { code: 'usage', message: /--state chooses among several/ });
  await t.rejects(run(api, [], { state: ['sick'] }), { code: 'usage', message: /"sick" is not a state; those are initial, healthy/ });
});

t.test('one backend is shown with how its state changed, and with what operators said of it', async (t) => {
  const { api, state, world } = await daemon(t);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused', 'port 80'), world.turn('web', 'app-1', 'healthy', 'ok')]);
  const { lines } = await run(api, ['web', 'app-1']);
  t.match(lines[1], /^web +app-1 +healthy .* yes /);
  t.same(lines.slice(2), [
    '',
    'Changes of state',
    '  2026-01-01T00:00:04.000Z  unhealthy → healthy  ok',
    '  2026-01-01T00:00:03.000Z  healthy → unhealthy  connect_refused: port 80',
  ]);
  const note = { by: 'ann', reason: 'new disk\u0007', at: '2026-01-01T00:00:00.000Z', expires_at: null };
  const overridden = {
    ...backend({ routable: false, routable_because: 'maintenance' }),
    override: { mode: 'maintenance', ...note },
    weight_override: { weight: 5, ...note, expires_at: '2026-01-02T00:00:00.000Z' },
    transitions: [],
  };
  const text = detailText(overridden, { color: false }, aMinuteLater);
  t.match(text, /no \(maintenance\)/);
  t.match(
    text,
    /\nBy operators\n {2}maintenance by ann at 2026-01-01T00:00:00\.000Z: new disk\?\n {2}weight 5 by ann .*: new disk\? \(until 2026-01-02T00:00:00\.000Z\)\n$/,
  );
});

t.test('--json is the answer of the API', async (t) => {
  const { api, world } = await daemon(t);
  const { io } = await run(api, ['web'], { json: true, state: ['healthy'] });
  t.match(JSON.parse(io.text) as StatusAnswer, {
    checker: 'lb-1',
    revision: world.revision,
    complete: true,
    backends: [{ backend: 'app-1' }],
  });
});

const backend = (more: Partial<BackendAnswer> = {}): BackendAnswer => ({
  listener: 'web',
  backend: 'app-1',
  address: '10.0.0.1',
  port: 80,
  weight: 1,
  state: 'healthy',
  since: '2026-01-01T00:00:00.000Z',
  routable: true,
  routable_because: 'healthy',
  last_probe: { at: '', outcome: 'pass', reason: 'ok', detail: 'x'.repeat(200), rtt_seconds: 0.00123 },
  revision: 1,
  ...more,
});
const aMinuteLater = Date.parse('2026-01-01T00:01:05.000Z');

t.test('a terminal’s width is kept, elsewhere nothing is cut', async (t) => {
  const long = backend({ backend: `app-${'y'.repeat(80)}` });
  const lines = statusTable([backend(), long], { color: false, columns: 140 }, aMinuteLater).split('\n');
  t.ok(
    lines.every((line) => line.length <= 140),
    lines.map(({ length }) => length).join(),
  );
  t.match(lines[1], /^web {7}app-1 +healthy {2}1m 5s {2}yes {7}1 {7}1\.2 ms {2}ok: x+…$/);
  t.match(lines[2], /app-y+… /);
  t.match(statusTable([long], { color: false }, aMinuteLater), /y{80}.*x{200}/);
});

t.test('colours only where they are shown, and no control character of anybody else', async (t) => {
  const hostile = backend({
    state: 'unhealthy',
    last_probe: { at: '', outcome: 'fail', reason: 'x', detail: '\u001b[2J\u202e\r', rtt_seconds: null },
  });
  const plain = statusTable([hostile], { color: false }, aMinuteLater);
  t.notMatch(plain, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  t.match(statusTable([hostile], { color: true, columns: 100 }, aMinuteLater), '\u001b[31munhealthy\u001b[0m');
});

t.test('ages have two units', async (t) => {
  const cases: [number, string][] = [
    [-5, '0s'],
    [999, '0s'],
    [59_000, '59s'],
    [60_000, '1m 0s'],
    [3_600_000, '1h 0m'],
    [100_000_000, '1d 3h'],
  ];
  for (const [ms, text] of cases) t.equal(age(ms), text);
});

t.test('--watch writes a line for each change where there is no terminal, and says when the daemon is away', async (t) => {
  const { app, state, world, api } = await daemon(t);
  const client = stoppableClient(api);
  const io = new RecordedIo();
  const watching = statusCommand(['web'], { watch: true, json: false }, client, io).catch((error: unknown) => error);
  await io.wrote(/app-3/);
  t.equal(io.lines.length, 3);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused', 'port 80')]);
  await io.wrote(/app-1 {2}unhealthy {2}not routable {2}connect_refused: port 80\n$/);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-1', 'app-2'] } }));
  await io.wrote(/web\/app-3 {2}removed\n$/);
  state.waiters.close();
  await app.close();
  const { port, hostname } = new URL(api);
  const second = await appOf(world);
  t.teardown(() => second.app.close());
  await eventually('a word on it', () => /(nothing listens at|closed the connection) .*\n.*trying again/.test(io.errors));
  await second.app.listen({ port: Number(port), host: hostname });
  await eventually('a word on that', () => io.errors.includes('it answers again'));
  second.state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok')]);
  await io.wrote(/removed\n[^]*app-2 {2}healthy {2}routable/);
  client.stop();
  t.match(await watching, { message: 'stopped' });
});

t.test('--watch of a name that leads to another daemon of the same revision shows what that one says', async (t) => {
  const [one, other] = [await daemon(t), await daemon(t)];
  one.state.applyChanges([one.world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  other.state.applyChanges([other.world.turn('web', 'app-3', 'healthy', 'ok')]);
  t.equal(one.world.revision, other.world.revision);
  const api = await leadingTo(t, one.api);
  const client = stoppableClient(api.url);
  const io = new RecordedIo();
  const watching = statusCommand(['web'], { watch: true, json: true }, client, io).catch((error: unknown) => error);
  await io.wrote(/\n/);
  api.leadTo(other.api);
  await io.wrote(/\n[^]*\n/);
  t.match(
    io.lines.map((line) => JSON.parse(line) as StatusAnswer),
    [
      { epoch: one.state.epoch, complete: true, backends: [{ state: 'unhealthy' }, {}, { state: 'initial' }] },
      { epoch: other.state.epoch, complete: true, backends: [{ state: 'healthy' }, {}, { state: 'healthy' }] },
    ],
  );
  client.stop();
  t.match(await watching, { message: 'stopped' });
});

t.test('--watch on a terminal draws the table in place, as much as fits', async (t) => {
  const { state, world, api } = await daemon(t);
  const client = stoppableClient(api);
  const io = new RecordedIo(true, 100, 7);
  const watching = statusCommand([], { watch: true, json: false }, client, io).catch((error: unknown) => error);
  await io.wrote(/… and 2 more/);
  const screens = (): string[] => io.text.split('\u001b[H\u001b[2J').slice(1);
  t.match(screens()[0], /^4 backends: 1 healthy, 1 unhealthy[^]*LISTENER[^]*app-2[^]*app-3[^]*… and 2 more/);
  state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok')]);
  await io.wrote(/2 healthy, 1 initial/);
  client.stop();
  t.match(await watching, { message: 'stopped' });
});

t.test('--watch --json is an answer a line: the picture, then what changes', async (t) => {
  const { state, world, api } = await daemon(t);
  const client = stoppableClient(api);
  const io = new RecordedIo();
  const watching = statusCommand(['web', 'app-2'], { watch: true, json: true }, client, io).catch((error: unknown) => error);
  await io.wrote(/\n/);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'ok')]);
  state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok')]);
  await io.wrote(/\n[^]*\n/);
  t.match(
    io.lines.map((line) => JSON.parse(line) as StatusAnswer),
    [
      { complete: true, backends: [{ backend: 'app-2', state: 'unhealthy' }] },
      { complete: false, backends: [{ backend: 'app-2', state: 'healthy' }] },
    ],
  );
  client.stop();
  t.match(await watching, { message: 'stopped' });
});

t.test('--watch of a daemon that is not there, or of a name that is not, does not wait for it', async (t) => {
  const { api } = await daemon(t);
  await t.rejects(run('http://127.0.0.1:1', [], { watch: true }), { code: 'daemon_unreachable' });
  await t.rejects(run(api, ['web', 'app-9'], { watch: true }), CodedError);
});

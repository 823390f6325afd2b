import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { eventsCommand, type EventsFlags } from '#vitald/cli/events.js';
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

/** Runs the command until the test ends; `ended` resolves to what ended it. */
function follow(t: Test, api: string, flags: Partial<EventsFlags> = {}) {
  const io = new RecordedIo();
  const client = stoppableClient(api);
  const ended = eventsCommand({ json: false, ...flags }, client, io).catch((error: unknown) => error);
  t.teardown(() => {
    client.stop();
    return ended;
  });
  return { io, client, ended };
}

t.test('a line for each change, in words', async (t) => {
  const { state, world, api } = await daemon(t);
  const { io, client, ended } = follow(t, api, { since: String(world.revision) });
  state.applyChanges([
    world.turn('web', 'app-1', 'unhealthy', 'status_mismatch', 'HTTP 503\u001b[2J'),
    world.turn('web', 'app-3', 'healthy', 'ok'),
    world.weigh('web', 'app-3', 7),
  ]);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-2', 'app-3', 'app-9'] } }));
  await io.wrote(/app-9/);
  t.same(
    io.lines.map((line) => line.replace(/^2026-01-01T00:00:\d\d\.000Z {2}/, '')),
    [
      'web/app-1  healthy → unhealthy  not routable  status_mismatch: HTTP 503?[2J',
      'web/app-3  initial → healthy  routable  ok',
      'web/app-3  weight 7  routable',
      'web/app-1  removed',
      'dns/[::1]:53  removed',
      'web/app-9  added  initial  not routable',
    ],
  );
  client.stop();
  t.match(await ended, { message: 'stopped' });
});

t.test('without --since it begins with what comes; --listener leaves out the others; --json for machines', async (t) => {
  const { state, world, api } = await daemon(t);
  const { io } = follow(t, api, { json: true, listener: ['dns', 'web'] });
  await eventually('the reader', () => state.eventReaders.size === 1);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  await io.wrote(/\n/);
  t.match(JSON.parse(io.text), { event: 'state', listener: 'web', backend: 'app-1', to: 'unhealthy', revision: world.revision });
  t.equal(io.errors, '');
});

t.test('a lost connection is told, made anew, and nothing is missed', async (t) => {
  const { app, state, world, api } = await daemon(t);
  const { io } = follow(t, api);
  await eventually('the reader', () => state.eventReaders.size === 1);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  await io.wrote(/→ unhealthy/);
  app.server.closeAllConnections();
  await eventually('the loss', () => state.eventReaders.size === 0);
  state.applyChanges([world.turn('web', 'app-1', 'healthy', 'ok')]);
  await io.wrote(/→ healthy/);
  t.match(io.errors, /closed the connection.*\n.*trying again until it answers\n.*it answers again\n/);
  t.equal(io.lines.length, 2);
});

t.test('what is not known any more is told to be missing', async (t) => {
  const { state, world, api } = await daemon(t);
  const { io } = follow(t, api, { since: '7' });
  await eventually('a word on it', () => /changes between revision 7 and \d+ are not known any more/.test(io.errors));
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  await io.wrote(/→ unhealthy/);
});

t.test('it follows a name that leads to another daemon of the same revision: nothing of that one is taken for known', async (t) => {
  const [one, other] = [await daemon(t), await daemon(t)];
  other.state.applyChanges([other.world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  const api = await leadingTo(t, one.api);
  const { io } = follow(t, api.url, { json: true });
  await eventually('the reader', () => one.state.eventReaders.size === 1);
  one.state.applyChanges([one.world.turn('web', 'app-3', 'healthy', 'ok')]);
  await io.wrote(/\n/);
  const { id, revision } = JSON.parse(io.lines[0]!) as { id: string; revision: number };
  t.equal(id, `${one.state.epoch}:${one.world.revision}`);
  t.equal(other.world.revision, one.world.revision);
  api.leadTo(other.api);
  await io.wrote(/"reset"/);
  t.match(JSON.parse(io.lines[1]!), { event: 'reset', why: 'unknown', epoch: other.state.epoch, revision });
  t.match(io.errors, new RegExp(`another vitald process answers now \\(restart or failover\\); changes after ${id} may be missing`));
  other.state.applyChanges([other.world.turn('web', 'app-1', 'healthy', 'ok')]);
  await io.wrote(/"to":"healthy"[^]*"to":"healthy"/);
});

t.test('--since takes the id of an event, too', async (t) => {
  const { state, world, api } = await daemon(t);
  const { revision } = world;
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  const { io } = follow(t, api, { since: `${state.epoch}:${revision}` });
  await io.wrote(/app-1 {2}healthy → unhealthy/);
  const foreign = follow(t, api, { since: `other:${revision}` });
  await eventually('a word on it', () => /changes after other:\d+ may be missing/.test(foreign.io.errors));
});

t.test('no daemon, a wrong name, a wrong revision: no endless attempts', async (t) => {
  const { api } = await daemon(t);
  t.match(await follow(t, 'http://127.0.0.1:1').ended, { code: 'daemon_unreachable' });
  t.match(await follow(t, api, { listener: ['wib'] }).ended, { code: 'usage', message: /no listener "wib"/ });
  t.match(await follow(t, api, { since: 'yesterday' }).ended, { code: 'usage', message: /--since must be a revision/ });
  for (const since of ['a:b', ':5', 'x y:5', '5:', `${'x'.repeat(65)}:5`, '5\r\nx: y'])
    t.match(await follow(t, api, { since }).ended, { code: 'usage' }, since);
});

t.test('a server that sends without end is not vitald', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = (): void => {
      // Some releases of Node.js destroy the response together with its connection, and writing would never end.
      if (response.destroyed) return;
      if (response.write('x'.repeat(60_000))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  server.listen(0, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await eventually('its port', () => server.listening);
  const { ended } = follow(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.match(await ended, { code: 'daemon_refused', message: /is not events/ });
});

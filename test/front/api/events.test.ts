import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { eventSchema, resetSchema } from '#vitald/front/api/schemas/event.js';
import { EventLog } from '#vitald/front/view/events/event-log.js';
import { EventReaders } from '#vitald/front/view/events/event-readers.js';
import { Model } from '#vitald/front/view/model.js';
import { EventStream, type SeenEvent } from '../../support/event-stream.js';
import { eventually } from '../../support/eventually.js';
import { appOf, FrontWorld, smallWorld } from '../../support/front-world.js';
import { Stopwatch } from '../../support/stopwatch.js';

async function api(t: Test, world = smallWorld()) {
  const { app, state, get } = await appOf(world);
  t.teardown(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  const open = async (query = '', headers: Record<string, string> = {}): Promise<EventStream> => {
    const stream = await EventStream.open(`${base}/v1/events${query}`, { headers });
    t.teardown(() => stream.cut());
    return stream;
  };
  return { app, base, state, world, get, open };
}

const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': true } });

/** Every event's data is as the API's description has it. */
function allValid(t: Test, events: readonly SeenEvent[]): void {
  for (const { type, data } of events) {
    t.ok(ajv.validate(type === 'reset' ? resetSchema : eventSchema, data), `${type}: ${ajv.errorsText()}`);
  }
}

/** Of an id as `EPOCH:REVISION`. */
const revisionOf = (id: string | undefined): number => Number(/^\w+:(\d+)$/.exec(id ?? '')?.[1]);

const short = (events: readonly SeenEvent[]): string[] =>
  events.map(({ id, type, data }) => `${id} ${type} ${data.listener}/${data.backend}`);

t.test('each change is an event, with epoch and revision as id, and all that a control plane routes by', async (t) => {
  const { state, world, open } = await api(t);
  const { revision } = world;
  const stream = await open(`?since=${revision}`);
  t.match(stream.response, { statusCode: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' } });
  t.match(stream.response.headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'status_mismatch', 'HTTP 503,\nexpected http_2xx')]);
  state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok')]);
  const [first, second] = await stream.received(2);
  t.same(first, {
    id: `${state.epoch}:${revision + 1}`,
    type: 'state',
    data: {
      checker: 'lb-1',
      listener: 'web',
      backend: 'app-1',
      address: '10.0.0.1',
      port: 80,
      weight: 10,
      at: '2026-01-01T00:00:03.000Z',
      from: 'healthy',
      to: 'unhealthy',
      routable: false,
      routable_because: 'unhealthy',
      stale: false,
      reason: 'status_mismatch',
      detail: 'HTTP 503,\nexpected http_2xx',
      run_length: 3,
      revision: revision + 1,
    },
  });
  t.match(second, { id: `${state.epoch}:${revision + 2}`, data: { backend: 'app-2', to: 'healthy', routable: true } });
  t.ok(stream.retryMs! >= 1000 && stream.retryMs! <= 3000, 'and says how long to wait after a lost connection');
});

t.test('what a reload brings and takes are events too', async (t) => {
  const { state, world, open } = await api(t);
  const stream = await open(`?since=${world.revision}`);
  state.applyPlan(world.reconfigure({ web: { backends: ['app-1', 'app-3', 'app-9'] } }));
  const events = await stream.received(3);
  allValid(t, events);
  t.same(
    short(events).map((text) => text.replace(/^\w+:\d+ /, '')),
    ['removed web/app-2', 'removed dns/[::1]:53', 'added web/app-9'],
  );
  t.match(events[0]!.data, { address: null, port: null, weight: null, routable: false });
  t.match(events[2]!.data, { address: /^10\./, port: 80, weight: 10, to: 'initial', routable: false });
});

t.test('who does not say where to begin is told to start over, and then of what comes', async (t) => {
  const { state, world, open } = await api(t);
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  const stream = await open();
  await stream.received(1);
  t.same(stream.events, [{ id: undefined, type: 'reset', data: { why: 'new', epoch: state.epoch, revision: world.revision } }]);
  state.applyChanges([world.turn('web', 'app-1', 'healthy', 'ok')]);
  t.match(await stream.received(2), [{}, { id: `${state.epoch}:${world.revision}`, type: 'state' }]);
  allValid(t, stream.events);
});

t.test('Last-Event-ID goes on where the reader was, and goes before `since`', async (t) => {
  const { state, world, open } = await api(t);
  const { revision } = world;
  for (let i = 0; i < 5; i++)
    state.applyChanges([world.turn('web', 'app-1', i % 2 ? 'healthy' : 'unhealthy', 'ok'), world.turn('web', 'app-3', 'healthy', 'ok')]);
  const ids = async (stream: EventStream, count: number): Promise<number[]> =>
    (await stream.received(count)).map(({ id }) => revisionOf(id) - revision);
  t.same(await ids(await open(`?since=${revision}`), 10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  t.same(await ids(await open('', { 'last-event-id': String(revision + 3) }), 7), [4, 5, 6, 7, 8, 9, 10]);
  t.same(await ids(await open(`?since=${revision}`, { 'last-event-id': String(revision + 8) }), 2), [9, 10]);
});

t.test('a revision of another start, one that is still to come, and nonsense lead to a reset', async (t) => {
  const { world, open } = await api(t);
  for (const id of ['1', String(world.revision + 1), 'x', '9'.repeat(40), '-1']) {
    t.match(await (await open('', { 'last-event-id': id })).received(1), [{ type: 'reset', data: { why: 'unknown' } }], id);
  }
  t.match(await (await open('?since=7')).received(1), [{ type: 'reset', data: { why: 'unknown' } }]);
});

t.test('`listener` leaves out the others; a name that does not exist is 404', async (t) => {
  const world = new FrontWorld({ a: { backends: ['x', 'y'] }, b: { backends: ['x'] }, c: { backends: ['x'] } });
  const { state, open, get } = await api(t, world);
  const { revision } = world;
  const all = [
    world.turn('a', 'x', 'healthy', 'ok'),
    world.turn('b', 'x', 'healthy', 'ok'),
    world.turn('c', 'x', 'healthy', 'ok'),
    world.turn('a', 'y', 'healthy', 'ok'),
  ];
  state.applyChanges(all);
  const one = await open(`?since=${revision}&listener=a`);
  const two = await open(`?since=${revision}&listener=a&listener=c`);
  t.same(
    (await one.received(2)).map(({ id }) => revisionOf(id) - revision),
    [1, 4],
  );
  t.same(
    (await two.received(3)).map(({ id }) => revisionOf(id) - revision),
    [1, 3, 4],
  );
  state.applyChanges([world.turn('b', 'x', 'unhealthy', 'ok'), world.turn('a', 'x', 'unhealthy', 'ok')]);
  t.same(
    (await one.received(3)).map(({ id }) => revisionOf(id) - revision),
    [1, 4, 6],
  );
  const answer = await get('/v1/events?listener=a&listener=d');
  t.match(answer.json(), { code: 'listener_not_found', detail: /"d"/ });
});

t.test('a reader whose place is not kept any more starts over', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a'] } });
  const model = new Model(world.planMessage());
  const log = new EventLog({ epoch: 'e0', revision: world.revision }, 5000);
  const { revision } = world;
  for (let i = 0; i < 100; i++) log.add([world.turn('web', 'a', 'healthy', 'ok')], model);
  t.equal(log.placeAfter(revision), undefined);
  t.equal(log.has(0), false);
  t.equal(log.placeAfter(world.revision), log.end);
  let known = world.revision;
  while (log.placeAfter(known - 1) !== undefined) known--;
  t.ok(world.revision - known > 3 && world.revision - known < 15, 'so much as fits');
  t.equal(log.has(log.placeAfter(known)!), true);
  const ids: string[] = [];
  for (let place = log.placeAfter(known)!; place < log.end;) {
    const { text, next } = log.read(place, undefined);
    ids.push(...text.toString().match(/(?<=^id: e0:)\d+$/gm)!);
    place = next;
  }
  t.same(
    ids.map(Number),
    Array.from({ length: world.revision - known }, (_, i) => known + 1 + i),
    'none is missing, none is there twice',
  );
  log.advance(world.revision + 5);
  t.equal(log.placeAfter(world.revision + 5), log.end);
});

/** A large mass of changes, several times: more than a socket takes, and than the log keeps. */
function flood(
  world: FrontWorld,
  names: readonly string[],
  apply: (changes: ReturnType<FrontWorld['turn']>[]) => void,
  rounds: number,
): void {
  for (let round = 0; round < rounds; round++) {
    const to = round % 2 ? 'healthy' : 'unhealthy';
    for (let i = 0; i < names.length; i += 500)
      apply(names.slice(i, i + 500).map((name) => world.turn('web', name, to, 'connect_refused', 'x'.repeat(100))));
  }
}

const many = Array.from({ length: 2000 }, (_, i) => `backend-${i}`);

t.test('a reader that does not read costs nothing more, and starts over once it reads', async (t) => {
  const world = new FrontWorld({ web: { backends: many } }, 2048);
  const { state, open } = await api(t, world);
  const quick = await open(`?since=${world.revision}`);
  const slow = await open(`?since=${world.revision}`);
  slow.pause();
  let seenByQuick = 0;
  // More than what fits into the log and into the buffers of a loopback connection.
  for (let round = 0; round < 20; round++) {
    flood(world, many, (changes) => state.applyChanges(changes), 1);
    seenByQuick += many.length;
    await eventually('the quick one', () => quick.events.length === seenByQuick);
  }
  t.equal(
    quick.events.some(({ type }) => type === 'reset'),
    false,
    'a quick reader gets every change',
  );
  slow.resume();
  const reset = await eventually('a reset', () => slow.events.find(({ type }) => type === 'reset'));
  t.match(reset, { id: undefined, data: { why: 'too_slow', revision: world.revision } });
  state.applyChanges([world.turn('web', many[0]!, 'healthy', 'ok')]);
  await eventually('the next event', () => slow.events.at(-1)?.data.revision === world.revision);
  const ids = slow.events.filter(({ id }) => id !== undefined).map(({ id }) => revisionOf(id));
  t.same(
    ids,
    [...ids].sort((a, b) => a - b),
    'in order all the same',
  );
});

t.test('a connection that takes nothing for too long is closed; others get heartbeats', async (t) => {
  const world = new FrontWorld({ web: { backends: many } }, 2048);
  const { state, base } = await api(t, world);
  const readers = new EventReaders(state.events, { heartbeatMs: 40, stallMs: 400 });
  Object.defineProperty(state, 'eventReaders', { value: readers });
  t.teardown(() => readers.close());
  const idle = await EventStream.open(`${base}/v1/events?since=${world.revision}`);
  const stuck = await EventStream.open(`${base}/v1/events?since=${world.revision}`);
  t.teardown(() => idle.cut());
  stuck.pause();
  await eventually('heartbeats', () => idle.comments.length > 3);
  t.equal(readers.size, 2);
  for (let round = 0; round < 20 && readers.size === 2; round++) {
    flood(world, many, (changes) => state.applyChanges(changes), 1);
    await eventually('the other one', () => idle.events.at(-1)?.data.revision === world.revision);
  }
  await eventually('its end', () => readers.size === 1);
  t.equal(idle.ended, false);
});

t.test('there is a limit; a reader that goes makes room', async (t) => {
  const { state, base, get, world } = await api(t);
  const readers = new EventReaders(state.events, { most: () => 2 });
  Object.defineProperty(state, 'eventReaders', { value: readers });
  t.teardown(() => readers.close());
  const url = `${base}/v1/events?since=${world.revision}`;
  const first = await EventStream.open(url);
  const second = await EventStream.open(url);
  const answer = await get('/v1/events');
  t.equal(answer.statusCode, 503);
  t.match(answer.headers, { 'retry-after': '5' });
  t.match(answer.json(), { code: 'event_reader_limit' });
  first.cut();
  await eventually('room', () => readers.size === 1);
  const third = await EventStream.open(url);
  t.equal(third.response.statusCode, 200);
  for (const stream of [second, third]) stream.cut();
});

t.test('HEAD opens no stream, and the end of vitald ends all of them', async (t) => {
  const { app, state, open, base, world } = await api(t);
  const head = await fetch(`${base}/v1/events`, { method: 'HEAD' });
  t.equal(head.status, 200);
  t.match(head.headers.get('content-type'), /^text\/event-stream/);
  t.equal(state.eventReaders.size, 0);
  const streams = await Promise.all([open(`?since=${world.revision}`), open()]);
  t.equal(state.eventReaders.size, 2);
  const watch = await Stopwatch.start();
  await app.close();
  await eventually('the ends', () => streams.every(({ ended }) => ended));
  t.ok(watch.isWithin(2000), String(watch));
});

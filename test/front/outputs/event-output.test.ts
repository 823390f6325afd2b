import t, { type Test } from 'tap';
import { BatchRefused, EventOutput, type EventBatch, type EventOutputOptions } from '#vitald/front/outputs/event-output.js';
import type { OutputEvent } from '#vitald/front/outputs/output-event.js';
import type { OutputKind } from '#vitald/front/outputs/output.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import { runOutput } from '../../support/output-world.js';

/** An output on three backends, whose batches go where a test says. */
function setUp(t: Test, deliver: EventOutputOptions['deliver'], more: Partial<EventOutputOptions> = {}) {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const settings = {
    wanted: new Set(['state'] as const),
    presentAtStart: false,
    batchSize: 2,
    batchIntervalMs: 10,
    limitMs: 1000,
    firstBackoffMs: 20,
  };
  const kind: OutputKind = {
    name: 'test',
    summary: '',
    optionsSchema: {},
    create: (context) => new EventOutput({ context, ...settings, deliver, ...more }),
  };
  return { world, ...runOutput(t, world, kind, {}) };
}

const eventsOf = ({ body }: EventBatch): readonly OutputEvent[] => (JSON.parse(body) as { events: OutputEvent[] }).events;
const short = ({ backend, from, to }: OutputEvent) => `${backend} ${from} → ${to}`;

t.test('a batch that is refused again and again is left out, and told; what comes later is sent', async (t) => {
  const attempts: EventBatch[] = [];
  let isRefusing = true;
  const { world, post, output, log } = setUp(t, async (batch) => {
    attempts.push(batch);
    if (isRefusing) throw new BatchRefused('it answered 404');
  });
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await eventually('it to give up', () => output.state().details.left_out_events === 1);
  t.equal(attempts.length, 5);
  t.match(output.state(), { state: 'failing', problem: 'it answered 404', failures: 5 });
  t.same(
    log.filter(({ level }) => level === 50).map(({ msg }) => msg),
    ['1 events were refused 5 times, and are left out'],
  );
  isRefusing = false;
  post(world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('the next one', () => output.state().state === 'ok');
  t.same(eventsOf(attempts.at(-1)!).map(short), ['b initial → unhealthy']);
  t.equal(output.state().revision, world.revision);
});

t.test('a refusal that passes loses nothing', async (t) => {
  let attempts = 0;
  const taken: OutputEvent[] = [];
  const { world, post, output } = setUp(t, async (batch) => {
    if (++attempts <= 3) throw new BatchRefused('not now');
    taken.push(...eventsOf(batch));
  });
  post(...['a', 'b', 'c'].map((backend) => world.turn('web', backend, 'unhealthy', 'connect_refused')));
  await eventually('all', () => output.state().state === 'ok');
  t.same(taken.map(short), ['a initial → unhealthy', 'b initial → unhealthy', 'c initial → unhealthy']);
  t.equal(output.state().details.left_out_events, 0);
});

t.test('never two batches at a time, even where one does not heed that its time is over', async (t) => {
  let atOnce = 0;
  let most = 0;
  let delivered = 0;
  const { world, post, output } = setUp(t, async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 30));
    atOnce--;
    delivered++;
  });
  for (let round = 0; round < 10; round++) post(world.turn('web', 'a', round % 2 === 0 ? 'unhealthy' : 'healthy', 'connect_refused'));
  await eventually('all', () => output.state().details.delivered_events === 10);
  t.equal(most, 1);
  t.equal(delivered, 5);
});

t.test('at the start it tells of what has a verdict, where that is wanted', async (t) => {
  const taken: OutputEvent[] = [];
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  world.turn('web', 'a', 'unhealthy', 'connect_refused');
  const settings = { wanted: new Set(['state'] as const), batchSize: 2, batchIntervalMs: 10, limitMs: 1000 };
  const kind = (presentAtStart: boolean): OutputKind => ({
    name: 'test',
    summary: '',
    optionsSchema: {},
    create: (context) =>
      new EventOutput({ context, ...settings, presentAtStart, deliver: async (batch) => void taken.push(...eventsOf(batch)) }),
  });
  const silent = runOutput(t, world, kind(false), {});
  t.equal(silent.output.state().state, 'idle');
  const { output } = runOutput(t, world, kind(true), {});
  await eventually('the start', () => output.state().state === 'ok');
  t.same(
    taken.map(({ backend, event, to }) => [backend, event, to]),
    [['a', 'present', 'unhealthy']],
  );
});

t.test('30,000 backends are told by state, and none is lost', async (t) => {
  const backends = Array.from({ length: 30_000 }, (_, nth) => `app-${nth}`);
  const world = new FrontWorld({ web: { backends } }, backends.length);
  let delivered = 0;
  const kind: OutputKind = {
    name: 'test',
    summary: '',
    optionsSchema: {},
    create: (context) =>
      new EventOutput({
        context,
        wanted: new Set(['state']),
        presentAtStart: true,
        batchSize: 1000,
        batchIntervalMs: 10,
        limitMs: 1000,
        deliver: async (batch) => {
          delivered += eventsOf(batch).length;
          await new Promise((resolve) => setImmediate(resolve));
        },
      }),
  };
  const { post, output, view } = runOutput(t, world, kind, {});
  // All are initial: there is nothing to tell, and finding that out takes many turns.
  const begun = performance.now();
  await eventually('the start', () => output.state().state === 'idle');
  t.equal(delivered, 0);
  t.comment(`looked at all in ${Math.round(performance.now() - begun)} ms`);
  post(...backends.map((backend) => world.turn('web', backend, 'unhealthy', 'connect_timeout', 'no answer')));
  await eventually('all of them', () => output.state().state === 'ok' && output.state().details.catching_up_by_state === false);
  t.equal(delivered, 30_000);
  t.equal(output.state().revision, view.revision);
});

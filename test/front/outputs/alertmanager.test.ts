import t, { type Test } from 'tap';
import { alertmanager } from '#vitald/front/outputs/alertmanager/kind.js';
import type { Alert } from '#vitald/front/outputs/alertmanager/alerts.js';
import type { Change } from '#vitald/messages.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import { HookReceiver } from '../../support/hook-receiver.js';
import { runOutput } from '../../support/output-world.js';
import { wallClock } from '../../support/wall-clock.js';

async function setUp(t: Test, options: Record<string, unknown> = {}, prepare: (world: FrontWorld) => void = () => undefined) {
  const receiver = await HookReceiver.start(t);
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] }, odd: { backends: ['[::1]:53'] } });
  prepare(world);
  const running = runOutput(t, world, alertmanager, { url: receiver.url, repeat_interval: '1h', ...options });
  const posts = (): Alert[][] => receiver.deliveries.map(({ text }) => JSON.parse(text) as Alert[]);
  const alerts = (): Alert[] => posts().flat();
  await eventually('the start', () => ['idle', 'ok'].includes(running.output.state().state));
  return { receiver, world, posts, alerts, ...running };
}

/** True for what ends now or has ended, when seen by who gets it. */
const isResolved = ({ endsAt }: Alert): boolean => Date.parse(endsAt) <= Date.now();

t.test('an unhealthy backend is an alert, with labels that stay the same while it is', async (t) => {
  const { receiver, world, alerts, post, output } = await setUp(t, { external_url: 'https://vitald.example.com/' });
  post(world.turn('web', 'a', 'unhealthy', 'status_mismatch', 'HTTP 503'));
  await eventually('the alert', () => alerts().length === 1);
  t.equal(receiver.deliveries[0]!.path, '/api/v2/alerts');
  const [alert] = alerts();
  t.match(alert, {
    labels: { alertname: 'VitaldBackendUnhealthy', severity: 'warning', checker: 'lb-1', listener: 'web', backend: 'a' },
    annotations: {
      summary: 'Backend a of listener web is unhealthy',
      description: '10.0.0.1:80: status_mismatch (HTTP 503). It is not routed to.',
      reason: 'status_mismatch',
    },
    generatorURL: 'https://vitald.example.com/v1/listeners/web/backends/a',
  });
  t.ok(Date.parse(alert!.endsAt) > Date.now() + 3 * 3_600_000, 'it ends by itself after four intervals');
  await eventually('it to be known', () => output.state().details.firing_alerts === 1);
  world.probe('web', 'a', 'connect_timeout', NaN, 'no answer', 4);
  post({ ...world.turn('web', 'b', 'unhealthy', 'connect_refused') });
  await eventually('the other', () => alerts().length === 2);
  t.same(Object.keys(alerts()[1]!.labels), Object.keys(alert!.labels));
});

t.test('it is resolved when the backend is healthy again, and when it goes', async (t) => {
  const { world, alerts, post, reconfigure, output } = await setUp(t);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'), world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('the alerts', () => output.state().details.firing_alerts === 2);
  post(world.turn('web', 'a', 'healthy', 'ok'));
  await eventually('the end of the first', () => output.state().details.firing_alerts === 1);
  t.match(alerts().at(-1)!.labels, { backend: 'a' });
  t.ok(isResolved(alerts().at(-1)!));
  reconfigure(world.reconfigure({ web: { backends: ['a'] } }));
  await eventually('the end of the second', () => output.state().details.firing_alerts === 0);
  t.match(alerts().at(-1)!.labels, { backend: 'b' });
  t.ok(isResolved(alerts().at(-1)!));
  t.equal(output.state().revision, world.revision);
});

t.test('maintenance ends the alert: somebody knows', async (t) => {
  const { world, alerts, post, output } = await setUp(t);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await eventually('the alert', () => output.state().details.firing_alerts === 1);
  const { slot } = world.row('web', 'a');
  world.table.recordRouting(slot, false, 'maintenance');
  const revision = ++world.revision;
  const routing: Change = {
    revision,
    slot,
    listener: 'web',
    backend: 'a',
    what: 'routing',
    at: Date.now(),
    from: 'unhealthy',
    to: 'unhealthy',
    routable: false,
    because: 'maintenance',
    stale: false,
  };
  post(routing);
  await eventually('its end', () => output.state().details.firing_alerts === 0);
  t.ok(isResolved(alerts().at(-1)!));
});

t.test('an unhealthy backend of weight 0 is no alert, and one that gets weight 0 ends its alert', async (t) => {
  const { world, alerts, post, output } = await setUp(t);
  const { slot } = world.row('web', 'a');
  const weightZero = (change: Change): Change => {
    world.table.recordWeight(slot, 0);
    world.table.recordRouting(slot, false, 'weight_zero');
    return { ...change, because: 'weight_zero' };
  };
  post(weightZero(world.turn('web', 'a', 'unhealthy', 'connect_refused')), world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('the alert of the other', () => output.state().details.firing_alerts === 1);
  t.same(
    alerts()
      .filter((alert) => !isResolved(alert))
      .map(({ labels }) => labels.backend),
    ['b'],
  );
  world.table.recordWeight(slot, 10);
  world.table.recordRouting(slot, false, 'unhealthy');
  post(world.weigh('web', 'a', 10));
  await eventually('its alert, as it is of weight again', () => output.state().details.firing_alerts === 2);
  post(weightZero(world.weigh('web', 'a', 0)));
  await eventually('the end of its alert', () => output.state().details.firing_alerts === 1);
});

t.test('without an alert it is idle: whether Alertmanager would accept one is unknown', async (t) => {
  const { output, view, world, post } = await setUp(t);
  t.match(output.state(), { state: 'idle', successes: 0, lastSuccessAt: undefined, revision: view.revision });
  post(world.turn('web', 'a', 'healthy', 'ok'));
  t.equal(output.state().revision, view.revision, 'it is not behind with what concerns no alert');
});

t.test('backends that were never unhealthy cause no alert', async (t) => {
  const { receiver, world, post } = await setUp(t);
  post(world.turn('web', 'a', 'healthy', 'ok'), world.turn('web', 'b', 'healthy', 'ok'));
  post(world.turn('web', 'c', 'unhealthy', 'connect_refused'));
  await eventually('the alert', () => receiver.deliveries.length > 0);
  t.equal((JSON.parse(receiver.deliveries[0]!.text) as Alert[]).length, 1);
});

t.test('at the start all that are unhealthy are told', async (t) => {
  const { alerts } = await setUp(t, { labels: { team: 'web', severity: 'critical' } }, (world) => {
    world.turn('web', 'a', 'healthy', 'ok');
    world.turn('web', 'b', 'unhealthy', 'connect_refused');
    world.turn('odd', '[::1]:53', 'unhealthy', 'reply_timeout');
  });
  t.same(
    alerts().map(({ labels }) => labels),
    [
      { severity: 'critical', team: 'web', alertname: 'VitaldBackendUnhealthy', checker: 'lb-1', listener: 'web', backend: 'b' },
      { severity: 'critical', team: 'web', alertname: 'VitaldBackendUnhealthy', checker: 'lb-1', listener: 'odd', backend: '[::1]:53' },
    ],
  );
});

t.test('alerts are repeated while they go on', async (t) => {
  const { alerts } = await setUp(t, { repeat_interval: '1s' }, (world) => void world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('three of them', () => alerts().length >= 3);
  t.equal(new Set(alerts().map(({ labels, startsAt }) => JSON.stringify([labels, startsAt]))).size, 1);
  t.ok(Date.parse(alerts().at(-1)!.endsAt) > Date.parse(alerts()[0]!.endsAt), 'each time its end is put off');
});

t.test('a wall clock that went back makes no alert that begins after its end: Alertmanager would refuse it', async (t) => {
  const clock = wallClock(t);
  // The world's own clock is that of the engine when it wrote the change.
  clock.step(Date.parse('2026-01-01T00:00:00Z') - 3_600_000 - Date.now());
  const { alerts } = await setUp(t, {}, (world) => void world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('the alert', () => alerts().length > 0);
  const [{ startsAt, endsAt }] = alerts() as [Alert];
  t.ok(Date.parse(startsAt!) <= Date.now(), String(startsAt));
  t.ok(Date.parse(startsAt!) < Date.parse(endsAt), `${startsAt} ${endsAt}`);
});

t.test('after a failure all that go on are told again, since who failed may have forgotten them', async (t) => {
  const { receiver, world, alerts, post, output } = await setUp(t);
  post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  await eventually('the alert', () => output.state().details.firing_alerts === 1);
  const { port } = receiver;
  await receiver.close();
  post(world.turn('web', 'b', 'unhealthy', 'connect_refused'));
  await eventually('a failure', () => output.state().problem?.includes('refuses connections'));
  const again = await HookReceiver.start(t, { port });
  await eventually('it to catch up', () => output.state().state === 'ok');
  const told = again.deliveries.flatMap(({ text }) => JSON.parse(text) as Alert[]);
  t.same(told.map(({ labels }) => labels.backend).toSorted(), ['a', 'b']);
  t.equal(alerts().length, 1);
});

t.test('5,000 alerts go out by batches of 200', async (t) => {
  const receiver = await HookReceiver.start(t);
  const backends = Array.from({ length: 5000 }, (_, nth) => `app-${nth}`);
  const world = new FrontWorld({ web: { backends } }, backends.length);
  for (const backend of backends) world.turn('web', backend, 'unhealthy', 'connect_timeout', 'no answer');
  const { output } = runOutput(t, world, alertmanager, { url: receiver.url });
  await eventually('all of them', () => output.state().details.firing_alerts === 5000);
  t.equal(output.state().state, 'ok');
  t.same(
    receiver.deliveries.map(({ text }) => (JSON.parse(text) as Alert[]).length),
    Array.from({ length: 25 }, () => 200),
  );
});

t.test('the path of the URL is kept: Alertmanager may be served below one', async (t) => {
  const receiver = await HookReceiver.start(t);
  const world = new FrontWorld({ web: { backends: ['a'] } });
  world.turn('web', 'a', 'unhealthy', 'connect_refused');
  const { output } = runOutput(t, world, alertmanager, { url: `${receiver.url}/alerting/` });
  await eventually('the alert', () => output.state().state === 'ok');
  t.equal(receiver.deliveries[0]!.path, '/alerting/api/v2/alerts');
});

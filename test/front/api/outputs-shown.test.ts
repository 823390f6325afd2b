/** The outputs as they are seen from outside: API, metrics, and the page of links. */
import t, { type Test } from 'tap';
import type { ShownOutput } from '#vitald/front/outputs/outputs.js';
import { appOf, epoch, smallWorld } from '../../support/front-world.js';

const failing: ShownOutput = {
  name: 'edge',
  type: 'haproxy_runtime',
  behind: 3,
  state: {
    state: 'failing',
    revision: 100,
    lastSuccessAt: epoch,
    lastFailureAt: epoch + 5000,
    problem: 'The socket <refuses> "connections".',
    successes: 7,
    failures: 2,
    details: { servers: 3 },
  },
};

const fresh: ShownOutput = {
  name: 'envoy',
  type: 'envoy',
  behind: undefined,
  state: {
    state: 'starting',
    revision: undefined,
    lastSuccessAt: undefined,
    lastFailureAt: undefined,
    problem: undefined,
    successes: 0,
    failures: 0,
    details: {},
  },
};

async function api(t: Test, shown: readonly ShownOutput[]) {
  const { app, outputs } = await appOf(smallWorld());
  t.teardown(() => app.close());
  Object.assign(outputs, { states: () => shown });
  return async (url: string): Promise<string> => (await app.inject({ url })).body;
}

t.test('GET /v1/outputs tells how each of them fares', async (t) => {
  const get = await api(t, [failing, fresh]);
  t.same(JSON.parse(await get('/v1/outputs')), {
    checker: 'lb-1',
    revision: smallWorld().revision,
    outputs: [
      {
        name: 'edge',
        type: 'haproxy_runtime',
        state: 'failing',
        revision: 100,
        behind: 3,
        last_success_at: '2026-01-01T00:00:00.000Z',
        last_failure_at: '2026-01-01T00:00:05.000Z',
        problem: 'The socket <refuses> "connections".',
        successes: 7,
        failures: 2,
        details: { servers: 3 },
      },
      {
        name: 'envoy',
        type: 'envoy',
        state: 'starting',
        revision: null,
        behind: null,
        last_success_at: null,
        last_failure_at: null,
        problem: null,
        successes: 0,
        failures: 0,
        details: {},
      },
    ],
  });
});

t.test('metrics: what is not known has no series', async (t) => {
  const get = await api(t, [failing, fresh]);
  const lines = (await get('/metrics')).split('\n').filter((line) => line.startsWith('vitald_output_'));
  t.same(lines, [
    'vitald_output_up{output="edge",type="haproxy_runtime"} 0',
    `vitald_output_last_success_timestamp_seconds{output="edge",type="haproxy_runtime"} ${epoch / 1000}`,
    'vitald_output_failures_total{output="edge",type="haproxy_runtime"} 2',
    'vitald_output_failures_total{output="envoy",type="envoy"} 0',
    'vitald_output_behind{output="edge",type="haproxy_runtime"} 3',
  ]);
});

t.test('the page shows them, and says nothing where there are none', async (t) => {
  const page = await (await api(t, [failing, fresh]))('/');
  t.match(page, '<h2>Outputs</h2>');
  t.match(
    page,
    '>edge <span class="aside">haproxy_runtime</span></th><td>The socket &#60;refuses&#62; &#34;connections&#34;.</td><td>3</td><td class="bad">failing</td>',
  );
  t.match(page, '>envoy</th><td></td><td></td><td class="plain">starting</td>');
  const without = await (await api(t, []))('/');
  t.notMatch(without, '<h2>Outputs</h2>');
  t.match(without, 'href="v1/outputs"');
});

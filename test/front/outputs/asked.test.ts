import t from 'tap';
import { Asked } from '#vitald/front/outputs/asked.js';

t.test('it starts with nothing, and is well with the first success', async (t) => {
  const asked = new Asked();
  t.match(asked.state({}), { state: 'starting', lastSuccessAt: undefined, successes: 0, details: {} });
  asked.succeeded(1000);
  t.match(asked.state({ a: 1 }), { state: 'ok', lastSuccessAt: 1000, successes: 1, problem: undefined, details: { a: 1 } });
});

t.test('one asker that fails shows for a minute, however many others succeed', async (t) => {
  const asked = new Asked();
  asked.failed('no such cluster', 1000);
  t.match(asked.state({}), { state: 'failing', problem: 'no such cluster', failures: 1, lastFailureAt: 1000 });
  asked.succeeded(60_999);
  t.equal(asked.state({}).state, 'failing');
  asked.succeeded(61_000);
  t.match(asked.state({}), { state: 'ok', problem: undefined });
  asked.failed('again', 62_000);
  asked.succeeded(63_000);
  t.equal(asked.state({}).state, 'failing');
});

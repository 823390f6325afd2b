import t from 'tap';
import { Asked } from '#vitald/front/outputs/asked.js';
import type { Instant } from '#vitald/instant.js';

/** @param setBy by how much the wall clock was set meanwhile, ms */
const at = (ms: number, setBy = 0): Instant => ({ wallMs: ms + setBy, monotonicMs: ms });

t.test('it starts with nothing, and is well with the first success', async (t) => {
  const asked = new Asked();
  t.match(asked.state({}), { state: 'idle', lastSuccessAt: undefined, successes: 0, details: {} });
  asked.succeeded(at(1000));
  t.match(asked.state({ a: 1 }), { state: 'ok', lastSuccessAt: 1000, successes: 1, problem: undefined, details: { a: 1 } });
});

t.test('one asker that fails shows for a minute, however many others succeed', async (t) => {
  const asked = new Asked();
  asked.failed('no such cluster', at(1000));
  t.match(asked.state({}), { state: 'failing', problem: 'no such cluster', failures: 1, lastFailureAt: 1000 });
  asked.succeeded(at(60_999));
  t.equal(asked.state({}).state, 'failing');
  asked.succeeded(at(61_000));
  t.match(asked.state({}), { state: 'ok', problem: undefined });
  asked.failed('again', at(62_000));
  asked.succeeded(at(63_000));
  t.equal(asked.state({}).state, 'failing');
});

t.test('a minute is a minute, however the wall clock is set meanwhile', async (t) => {
  for (const setBy of [-3_600_000, 3_600_000]) {
    const asked = new Asked();
    asked.failed('no such cluster', at(1000));
    asked.succeeded(at(60_999, setBy));
    t.match(asked.state({}), { state: 'failing', lastSuccessAt: 60_999 + setBy, lastFailureAt: 1000 });
    asked.succeeded(at(61_000, setBy));
    t.equal(asked.state({}).state, 'ok');
  }
});

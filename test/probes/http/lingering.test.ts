import t from 'tap';
import { Lingering, maxLingering, tickMs } from '#vitald/probes/http/lingering.js';

// The timer of what lingers does not keep a process alive; this one keeps the test's.
const awake = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(awake));

const nothing = { reset: () => undefined };

t.test('a connection that nobody closes is reset after one to two ticks', async (t) => {
  const lingering = new Lingering<{ reset(): void }>();
  const start = performance.now();
  await new Promise<void>((reset) => lingering.add({ reset }));
  t.ok(performance.now() - start > tickMs - 10);
  t.equal(lingering.size, 0);
});

t.test('a connection that was removed is not reset', async (t) => {
  const lingering = new Lingering<{ reset(): void }>();
  const closed = { reset: () => t.fail('reset') };
  lingering.add(closed);
  lingering.remove(closed);
  await new Promise<void>((reset) => lingering.add({ reset }));
});

t.test('beyond the limit a connection is reset at once', async (t) => {
  const lingering = new Lingering<{ reset(): void }>();
  for (let i = 0; i < maxLingering; i++) lingering.add({ reset: () => undefined });
  let resets = 0;
  lingering.add({ reset: () => resets++ });
  t.equal(resets, 1);
  t.equal(lingering.size, maxLingering);
  lingering.close();
  t.equal(lingering.size, 0);
});

t.test('closing resets all of them', async (t) => {
  const lingering = new Lingering<{ reset(): void }>();
  let resets = 0;
  lingering.add({ reset: () => resets++ });
  lingering.add(nothing);
  lingering.close();
  t.equal(resets, 1);
});

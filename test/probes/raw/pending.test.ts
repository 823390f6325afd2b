import t from 'tap';
import { PendingTable } from '#vitald/probes/raw/pending.js';
import { secret32 } from '#vitald/probes/raw/secrets.js';

t.test('a secret finds its slot until it is removed', async (t) => {
  const pending = new PendingTable();
  t.equal(pending.add(12345, 7), true);
  t.equal(pending.find(12345), 7);
  pending.remove(12345);
  t.equal(pending.find(12345), -1);
  pending.remove(12345);
  t.equal(pending.size, 0);
});

t.test('a secret in use is refused, and so is 0', async (t) => {
  const pending = new PendingTable();
  pending.add(1, 1);
  t.equal(pending.add(1, 2), false);
  t.equal(pending.add(0, 2), false);
  t.equal(pending.find(1), 1);
});

t.test('against a plain Map, with collisions and growth', async (t) => {
  const pending = new PendingTable(4);
  const map = new Map<number, number>();
  for (let step = 0; step < 50_000; step++) {
    // Few distinct low bits: long clusters.
    const secret = ((secret32() & 0xff000000) | (step % 13)) >>> 0;
    if (secret === 0) continue;
    if (step % 3 === 0 && map.size > 0) {
      const [known] = map.keys();
      map.delete(known!);
      pending.remove(known!);
    } else if (map.size < 300 && !map.has(secret)) {
      map.set(secret, step);
      pending.add(secret, step);
    }
    if (step % 500 === 0) for (const [s, slot] of map) if (pending.find(s) !== slot) t.fail(`secret ${String(s)} lost`);
  }
  t.equal(pending.size, map.size);
  for (const [secret, slot] of map) t.equal(pending.find(secret), slot);
});

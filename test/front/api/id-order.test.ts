import t from 'tap';
import { BackendColumns } from '#vitald/config/backend-columns.js';
import { indexAfter, placesById } from '#vitald/front/api/id-order.js';
import { generator } from '../../support/random.js';

function columns(ids: readonly string[]): BackendColumns {
  return new BackendColumns(
    BackendColumns.pack(ids.map((id) => ({ id, address: '10.0.0.1', family: 4, port: 80, checkPort: 80, weight: 1 }))),
  );
}

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

t.test('backends are sorted by the bytes of their ids, and a page begins behind any text', async (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = generator(seed);
    const text = (): string =>
      Array.from({ length: random() * 6 }, () => ['a', 'b', 'é', '\u{ffff}', '😀', ':'][Math.floor(random() * 6)]).join('');
    const ids = [...new Set(Array.from({ length: random() * 200 }, text))];
    const backends = columns(ids);
    const places = placesById(backends);
    const sorted = ids.toSorted(inBytes);
    t.same(
      Array.from(places, (place) => backends.id(place)),
      sorted,
    );
    for (const id of [...ids.slice(0, 10), text(), '', 'zzz']) {
      t.equal(indexAfter(backends, places, id), sorted.filter((other) => inBytes(other, id) <= 0).length);
    }
  }
});

t.test('no order that they come in is a slow one', async (t) => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `127.${i >> 16}.${(i >> 8) & 255}.${i & 255}:80`);
  for (const order of [ids, ids.toReversed(), ids.toSorted(inBytes)]) {
    const backends = columns(order);
    t.same(backends.id(placesById(backends)[7]!), ids.toSorted(inBytes)[7]);
  }
});

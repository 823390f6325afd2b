import t from 'tap';
import { clientAddress } from '#vitald/front/http/client.js';
import { Windows } from '#vitald/front/http/windows.js';

t.test('a window begins with the first event of a key, and the next one knows how many there were', async (t) => {
  let now = 0;
  const windows = new Windows(1000, () => now);
  t.same(windows.count('a'), { count: 1, endsInMs: 1000, before: 0 });
  now = 400;
  t.same(windows.count('a'), { count: 2, endsInMs: 600, before: 0 });
  t.same(windows.count('b'), { count: 1, endsInMs: 1000, before: 0 });
  now = 1000;
  t.same(windows.count('a'), { count: 1, endsInMs: 1000, before: 2 });
});

t.test('however many keys there are, it remembers ten thousand', async (t) => {
  const windows = new Windows(1000, () => 0);
  for (let i = 0; i < 20_000; i++) windows.count(`${i}`);
  t.equal(windows.count('19999').count, 2);
  t.equal(windows.count('0').count, 1, 'forgotten');
});

t.test('clients are told apart by address, in IPv6 by network', async (t) => {
  const same = (a: string, b: string): boolean => clientAddress({ remoteAddress: a }) === clientAddress({ remoteAddress: b });
  t.ok(same('10.0.0.1', '::ffff:10.0.0.1'));
  t.notOk(same('10.0.0.1', '10.0.0.2'));
  t.ok(same('2001:db8::1', '2001:db8:0:0:ffff::'));
  t.notOk(same('2001:db8::1', '2001:db8:0:1::1'));
  t.ok(same('fe80::1%eth0', 'fe80::2%eth0'));
  t.equal(clientAddress({ remoteAddress: undefined }), 'unix-socket');
});

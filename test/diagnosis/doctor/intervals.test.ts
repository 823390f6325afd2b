import t from 'tap';
import { addressRange, addressText, between, everyAddress, isLoopback, within } from '#vitald/diagnosis/doctor/intervals.js';

const range = (text: string): { first: bigint; last: bigint } => addressRange(text)!;

t.test('addresses, prefixes, masks and ranges are understood, and nothing else', async (t) => {
  const good: Readonly<Record<string, readonly [string, string]>> = {
    '10.0.0.1': ['10.0.0.1', '10.0.0.1'],
    '100.125.3.4/16': ['100.125.0.0', '100.125.255.255'],
    '10.0.0.0/255.255.0.0': ['10.0.0.0', '10.0.255.255'],
    '10.0.0.5-10.0.0.9': ['10.0.0.5', '10.0.0.9'],
    '0.0.0.0/0': ['0.0.0.0', '255.255.255.255'],
    '::1': ['::1', '::1'],
    '[fd00::]/8': ['fd00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    'fd77::1:0:0:2/128': ['fd77::1:0:0:2', 'fd77::1:0:0:2'],
    '::ffff:10.0.0.1': ['10.0.0.1', '10.0.0.1'],
  };
  for (const [text, [first, last]] of Object.entries(good)) {
    const found = addressRange(text);
    t.same([addressText(found!.family, found!.first), addressText(found!.family, found!.last)], [first, last], text);
  }
  const bad = [
    '',
    'web',
    '10.0.0',
    '10.0.0.1/33',
    '10.0.0.0/255.0.255.0',
    '10.0.0.9-10.0.0.5',
    '10.0.0.1-fd00::1',
    'fe80::1%eth0',
    '1/2/3',
  ];
  for (const text of bad) t.equal(addressRange(text), undefined, text);
});

t.test('a set of values lies within others wholly, not at all, or in part', async (t) => {
  const source = [range('100.125.0.0/16')];
  t.equal(within(source, [range('100.64.0.0/10')]), 'yes');
  t.equal(within(source, [range('100.125.0.0/17'), range('100.125.128.0/17')]), 'yes', 'two halves are the whole');
  t.equal(within(source, [range('100.125.1.0/24')]), 'may');
  t.equal(within(source, [range('10.0.0.0/8')]), 'no');
  t.equal(within(source, []), 'no');
  t.equal(within([everyAddress(4)], [range('10.0.0.0/8')]), 'may', 'an unknown source may be anywhere');
  t.equal(within([between(80, 80), between(443, 443)], [between(80, 80)]), 'may', 'one of two');
  t.equal(within([], [between(1, 2)]), 'may', 'of nothing nothing is known');
});

t.test('loopback is 127.0.0.0/8 and ::1', async (t) => {
  for (const text of ['127.0.0.1', '127.8.9.10', '::1']) t.ok(isLoopback(text), text);
  for (const text of ['10.0.0.1', '0.0.0.0', '::', 'fd00::1', '']) t.notOk(isLoopback(text), text);
});

import t from 'tap';
import { IcmpAllowance } from '#vitald/probes/icmp-allowance.js';

const host = '0a000001';

/** An allowance that has heard errors at these times. */
function after(...timesMs: number[]): IcmpAllowance {
  const allowance = new IcmpAllowance();
  for (const atMs of timesMs) allowance.spend(host, atMs);
  return allowance;
}

const everySecond = (from: number, to: number): number[] => Array.from({ length: (to - from) / 1000 + 1 }, (_, i) => from + i * 1000);

t.test('a host that sent no error can send one', async (t) => {
  t.equal(after().isQuiet(host, 0), true);
});

t.test('after an error a second has to pass, for the host may have had no other left', async (t) => {
  t.equal(after(0).isQuiet(host, 1000), false);
  t.equal(after(0).isQuiet(host, 1100), true);
  t.equal(after(0).isQuiet('0a000002', 0), true, 'of another host nothing is known');
});

t.test('a host that sends errors as fast as Linux lets it has none left, however full its bucket was before', async (t) => {
  const allowance = after(...everySecond(0, 30_000));
  for (let ms = 30_000; ms < 36_000; ms += 100) t.equal(allowance.isQuiet(host, ms), false, `${ms} ms`);
  t.equal(allowance.isQuiet(host, 45_000), true);
});

t.test('at half of that rate it is quiet between errors', async (t) => {
  const allowance = after(0, 2000, 4000, 6000, 8000);
  t.equal(allowance.isQuiet(host, 9200), true);
});

t.test('an error to another probe soon after a datagram may have taken its token', async (t) => {
  const allowance = after(1000);
  t.equal(allowance.wasTaken(host, 950, 0), true);
  t.equal(allowance.wasTaken(host, 500, 0), false);
  t.equal(allowance.wasTaken(host, 3000, 0), false);
  t.equal(allowance.wasTaken(host, 500, 450), true, 'it came before, and was heard late');
});

t.test('the first error that is heard of a host casts doubt on what left shortly before', async (t) => {
  const allowance = after(1000, 10_000);
  t.equal(allowance.mayHaveBeenEmpty(host, 200), true);
  t.equal(allowance.mayHaveBeenEmpty(host, 9500), false, 'later ones do not');
});

t.test('a host that sends more errors than Linux does is taken for faster', async (t) => {
  // Ten a second, as newer kernels do on IPv6.
  const allowance = after(...Array.from({ length: 100 }, (_, i) => i * 100));
  t.ok(allowance.sparingMs(host) < 300, `${allowance.sparingMs(host)} ms`);
  t.equal(allowance.isQuiet(host, 9900 + 2000), true);
  t.equal(after(...Array.from({ length: 8 }, () => 0)).sparingMs(host), 2000, 'a full bucket at once is nothing unusual');
});

t.test('a host that keeps errors back is taken for slower, at most so much', async (t) => {
  const allowance = after(0);
  allowance.isSlower(host);
  t.equal(allowance.sparingMs(host), 3000);
  for (let i = 0; i < 20; i++) allowance.isSlower(host);
  t.equal(allowance.sparingMs(host), 30_000);
  allowance.spend(host, 3_600_000);
  t.equal(allowance.sparingMs(host), 2000, 'and that is forgotten after a long time without errors');
});

t.test('hosts that are quiet again are forgotten', async (t) => {
  const allowance = new IcmpAllowance();
  for (let i = 0; i < 100_000; i++) allowance.spend(i.toString(16), i * 100);
  t.ok(allowance.size <= 128, `${allowance.size} are known`);
});

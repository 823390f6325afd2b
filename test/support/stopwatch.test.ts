/** Most limits on real time in these tests are as good as the stopwatch that scales them. */
import { Child } from './child.js';
import t from 'tap';
import { Stopwatch } from './stopwatch.js';

t.test('a stopwatch tells how long something took, and holds it against a limit', async (t) => {
  const watch = await Stopwatch.start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  watch.stop();
  t.ok(watch.elapsedMs >= 99);
  t.equal(watch.elapsedMs, watch.elapsedMs, 'it stands still when it is read');
  t.ok(watch.slowdown >= 1);
  t.ok(watch.isWithin(watch.elapsedMs));
  t.notOk(watch.isWithin(watch.elapsedMs / watch.slowdown / 2), 'a limit that was exceeded is exceeded');
});

t.test('work of this thread is no slowness of the machine', async (t) => {
  const watch = await Stopwatch.start();
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < 300_000);
  t.ok(watch.elapsedMs >= 250);
  t.notOk(watch.isWithin(50), String(watch));
});

t.test('a process that is stopped for a while was on a slow machine', async (t) => {
  const program = `
    import { Stopwatch } from '${new URL('./stopwatch.js', import.meta.url).href}';
    const watch = await Stopwatch.start();
    console.log('runs');
    await new Promise((resolve) => setTimeout(resolve, 300));
    console.log(JSON.stringify({ elapsedMs: watch.elapsedMs, isWithin: watch.isWithin(600) }));`;
  const child = new Child([process.execPath, '--input-type=module', '-e', program]);
  t.teardown(() => child.stop('SIGKILL'));
  await child.line(/runs/);
  child.process.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  child.process.kill('SIGCONT');
  const { elapsedMs, isWithin } = JSON.parse(await child.line(/elapsed/)) as { elapsedMs: number; isWithin: boolean };
  t.ok(elapsedMs >= 1900, `${elapsedMs} ms`);
  t.ok(isWithin, 'its 300 ms were within 600');
});

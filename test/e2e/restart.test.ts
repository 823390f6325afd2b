import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: stops within five seconds with code 0, state saved; the next start knows it`, async (t) => {
    const both = await openAndClosed(t);
    const folder = temporaryFolder(t);
    const stateDir = join(folder, 'state');
    const config = { server: { ...server, state_dir: stateDir }, listeners: [listener('web', both, { interval: '1s' })] };
    const first = await RunningDaemon.start(t, folder, { config });
    const before = await settled(first, 'web');
    // A poller that waits must not hold up the end.
    const waiting = first.status(`?since=${before.revision}&wait=5m`).catch(() => undefined);

    const signaledAt = performance.now();
    t.match(await first.stop(signal), { exitCode: 0, signal: null, err: '' });
    t.ok(performance.now() - signaledAt < 5000);
    await waiting;
    t.ok(existsSync(join(stateDir, 'verdicts.json')));

    const second = await RunningDaemon.start(t, folder, { config });
    const after = await second.status();
    const short = ({ backend, state, since, routable }: (typeof after.backends)[number]): object => ({ backend, state, since, routable });
    t.same(after.backends.map(short), before.backends.map(short), 'from its first answer on, before any probe');
    t.ok(after.revision >= before.revision, 'revisions only grow');
    t.notOk(
      second.log.some(({ to }) => to !== undefined),
      'and no transition is logged for what was known',
    );
  });
}

t.test('a reload that is under way does not hold up the end', async (t) => {
  // Many, so that reading takes a while; they are not probed within the time of this test.
  const backends = Array.from({ length: 5000 }, (_, i) => `127.9.${Math.floor(i / 250)}.${1 + (i % 250)}`);
  const many = { name: 'many', profile: 'native', protocol: 'tcp', port: 9, check: { interval: '1h' }, backends };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [many] } });
  daemon.signal('SIGHUP');
  const signaledAt = performance.now();
  t.match(await daemon.stop('SIGTERM'), { exitCode: 0, signal: null, err: '' });
  t.ok(performance.now() - signaledAt < 5000);
});

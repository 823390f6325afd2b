import t from 'tap';
import { RunningDaemon, temporaryFolder, type Status } from '../support/daemon.js';
import { Stopwatch } from '../support/stopwatch.js';
import { server, settled } from '../support/two-backends.js';
import { worldWithState } from '../support/saved-state.js';

const short = ({ backends }: Status): object[] =>
  backends.map(({ backend, state, since, routable }) => ({ backend, state, since, routable }));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: stops within five seconds with code 0; the next start knows its verdicts`, async (t) => {
    const { folder, config } = await worldWithState(t, { interval: '1s' });
    const first = await RunningDaemon.start(t, folder, { config });
    const before = await settled(first, 'web');
    const transitions = await first.metric('vitald_backend_transitions_total');
    // A poller that waits must not hold up the end.
    const waiting = first.status(`?since=${before.revision}&wait=5m`).catch(() => undefined);

    const watch = await Stopwatch.start();
    t.match(await first.stop(signal), { exitCode: 0, signal: null, err: '' });
    t.ok(watch.isWithin(5000), String(watch));
    await waiting;

    const second = await RunningDaemon.start(t, folder, { config });
    const ready = await second.text('/readyz');
    const after = await second.status();
    t.match(ready, /"ready"/, 'it is ready at once: a load balancer need not wait for what is known');
    t.same(short(after), short(before), 'from its first answer on, before any probe');
    t.ok(after.revision >= before.revision, 'revisions only grow');
    t.ok((await second.metric('vitald_backend_transitions_total')) >= transitions, 'counters go on');
    t.equal(await second.metric('vitald_state_files_damaged'), 0);
    t.notOk(
      second.log.some(({ to }) => to !== undefined),
      'and no transition is logged for what was known',
    );
  });
}

t.test('the first start, without any saved state, is ready when every backend was probed', async (t) => {
  const { folder, config } = await worldWithState(t);
  const daemon = await RunningDaemon.start(t, folder, { config });
  await settled(daemon, 'web');
  t.match(await daemon.text('/readyz'), /"ready"/);
});

t.test('a reload that is under way does not hold up the end', async (t) => {
  // Many, so that reading takes a while; they are not probed within the time of this test.
  const backends = Array.from({ length: 5000 }, (_, i) => `127.9.${Math.floor(i / 250)}.${1 + (i % 250)}`);
  const many = { name: 'many', profile: 'native', protocol: 'tcp', port: 9, check: { interval: '1h' }, backends };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [many] } });
  const watch = await Stopwatch.start();
  daemon.signal('SIGHUP');
  t.match(await daemon.stop('SIGTERM'), { exitCode: 0, signal: null, err: '' });
  t.ok(watch.isWithin(5000), String(watch));
});

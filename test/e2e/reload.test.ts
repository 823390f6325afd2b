import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { listener, openAndClosed, server, settled } from '../support/two-backends.js';

t.test('SIGHUP: a changed configuration comes into force, and what did not change is not disturbed', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
    config: { server, listeners: [listener('kept', both), listener('dropped', both)] },
  });
  const before = await settled(daemon, 'kept', 'dropped');
  const keptBefore = await daemon.backend('kept', 'up');

  daemon.rewriteConfig({ server, listeners: [listener('kept', both), listener('added', both)] });
  daemon.signal('SIGHUP');
  const changed = await eventually('the new plan', async () => {
    const status = await daemon.status(`?since=${before.revision}`);
    return status.backends.some((one) => one.listener === 'added') && status;
  });
  t.match(changed.removed.map((one) => `${one.listener}/${one.backend}`).sort(), ['dropped/down', 'dropped/up']);
  t.notOk(
    changed.backends.some((one) => one.listener === 'kept'),
    'nothing of the listener that stayed',
  );
  await settled(daemon, 'added');
  const kept = await daemon.backend('kept', 'up');
  t.match(kept, { state: 'healthy', since: keptBefore.since, revision: keptBefore.revision });
  t.ok(kept.run!.length > keptBefore.run!.length, 'its run of passes goes on');
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1);
});

t.test('SIGHUP with mistakes: the old plan stays, the metric says so, and one line of the log names every problem', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  const before = await settled(daemon, 'web');
  const probesBefore = await daemon.metric('vitald_probes_total');

  daemon.rewriteConfig('listeners:\n  - name: web\n    protcol: tcp\n    backends: [ 10.0.0.300:80 ]\n');
  daemon.signal('SIGHUP');
  await eventually('the metric', async () => (await daemon.metric('vitald_config_last_reload_successful')) === 0);
  const errors = await daemon.logged(({ level }) => level === 'error');
  t.equal(errors.length, 1);
  const problems = errors[0]!['problems'] as string[];
  t.equal(problems.length, 2);
  t.match(problems[0], /vitald\.yaml:3:5: listeners\[0\]\.protcol: .*protocol/);
  t.match(problems[1], /vitald\.yaml:4:17: listeners\[0\]\.backends\[0\]: .*10\.0\.0\.300/);
  t.equal((await daemon.status()).revision, before.revision, 'nothing changed');
  await eventually('probes to go on', async () => (await daemon.metric('vitald_probes_total')) > probesBefore + 4);

  daemon.rewriteConfig({ server, listeners: [listener('web', both), listener('more', both)] });
  daemon.signal('SIGHUP');
  await settled(daemon, 'more');
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1, 'and the next good one is taken');
});

t.test('reloads come one after the other: whatever was written last is in force in the end', async (t) => {
  const both = await openAndClosed(t);
  const backends = Array.from({ length: 3000 }, (_, i) => `127.9.${i >> 8}.${i & 255}`);
  const many = (name: string): object => ({ name, profile: 'native', protocol: 'tcp', port: 9, check: { interval: '1h' }, backends });
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both), many('one')] } });
  for (const name of ['two', 'three', 'four']) {
    daemon.rewriteConfig({ server, listeners: [listener('web', both), many(name)] });
    daemon.signal('SIGHUP');
  }
  const last = await eventually('the last plan', async () => {
    const status = await daemon.status();
    return status.backends.some((one) => one.listener === 'four') && status;
  });
  t.same([...new Set(last.backends.map((one) => one.listener))].sort(), ['four', 'web']);
  t.equal(last.backends.length, 3002);
});

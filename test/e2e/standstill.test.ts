import t from 'tap';
import { survived } from '../support/checker-faults.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { tcpServer } from '../support/loopback.js';
import { listener, openAndClosed, quick, server } from '../support/two-backends.js';

t.test('a process that stood still for 6 s blames no backend', async (t) => {
  // Answers after 100 ms: at any time there is a good chance that a probe is under way.
  const slow = await tcpServer('0.0.0.0', (stream) => {
    setTimeout(() => stream.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 100);
  });
  t.teardown(() => slow.close());
  const http = {
    name: 'http',
    protocol: 'http',
    check: { ...quick, timeout: '1s', unhealthy_threshold: 1 },
    backends: Array.from({ length: 10 }, (_, i) => ({ address: `127.0.0.${i + 1}`, port: slow.port })),
  };
  const both = await openAndClosed(t);
  const tcp = { ...listener('tcp', both, { unhealthy_threshold: 1 }), backends: [{ address: '127.0.0.1', port: both.up, name: 'up' }] };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [http, tcp] } });
  const before = await daemon.statusWhen((backends) => backends.every(({ state }) => state === 'healthy'));
  const probesBefore = await daemon.metric('vitald_probes_total');

  daemon.signal('SIGSTOP');
  // The length is the point: many intervals and several timeouts.
  await new Promise((resolve) => setTimeout(resolve, 6000));
  daemon.signal('SIGCONT');

  await eventually('some more probes', async () => (await daemon.metric('vitald_probes_total')) > probesBefore + 60);
  const since = await daemon.status(`?since=${before.revision}`);
  t.match(since, { complete: false, backends: [], removed: [] }, 'no backend changed');
  t.equal(await daemon.metric('vitald_probes_total', 'outcome="fail"'), 0);
  survived(t, 'process-stopped');
});

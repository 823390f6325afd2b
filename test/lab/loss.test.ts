import { startDaemonIn } from '../support/lab/lab-daemon.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';
import { eventually } from '../support/eventually.js';

const probes = 200;
const listeners = ['tcp', 'ping', 'udp'] as const;

/**
 * Of what comes to the backend, one packet in five is lost: three in a row of every fifteen. That takes a probe all of its
 * three packets now and then, but never three probes in a row, which chance would do once in some thousand runs. Counters
 * tell how many packets came, and how many of those went.
 */
const lossy = `table inet lab {
  counter arrived {}
  counter lost {}
  chain input { type filter hook input priority 0;
    tcp flags & (syn | rst) == syn counter name arrived
    tcp flags & (syn | rst) == syn numgen inc mod 15 < 3 counter name lost drop
    meta l4proto icmp numgen inc mod 15 < 3 drop
    meta l4proto udp numgen inc mod 15 < 3 drop
  }
}`;

function listener(type: (typeof listeners)[number]): object {
  const thresholds = { healthy_threshold: 3, unhealthy_threshold: 3, initial_passes: 1 };
  const udp = { ping_first: false, send: 'text:ping', expect: 'text:pong' };
  return {
    name: type,
    protocol: type === 'udp' ? 'udp' : 'tcp',
    check: { type, interval: '100ms', timeout: '100ms', ...thresholds, ...(type === 'udp' && { udp }) },
    backends: [{ address: at.backend, port: 80, name: 'app' }],
  };
}

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    const backend = await lab.agent('backend');
    await backend.call('serveTcp', { address: '::', port: 80 });
    await backend.call('serveUdp', { address: at.backend, port: 80, reply: 'pong' });
    return { lab };
  },
  tests: {
    'with 20 % of packets lost and thresholds of 3, no backend flaps in 200 probes': async (t, { lab }) => {
      const daemon = await startDaemonIn(t, lab, 'checker', { listeners: listeners.map(listener) });
      for (const name of listeners) await daemon.backendWhen(name, 'app', ({ state }) => state === 'healthy');
      await lab.firewall('backend', lossy);
      const judged = async (name: string): Promise<number> =>
        (await daemon.metric('vitald_probes_total', `listener="${name}"`, 'outcome="pass"')) +
        (await daemon.metric('vitald_probes_total', `listener="${name}"`, 'outcome="fail"'));
      const before = await Promise.all(listeners.map(judged));
      const enough = async (): Promise<boolean> => (await Promise.all(listeners.map(judged))).every((now, i) => now - before[i]! >= probes);
      await eventually(`${probes} probes of each`, enough, { withinMs: 100_000, everyMs: 500 });

      const [arrived, lost] = [await lab.packetsCounted('backend', 'arrived'), await lab.packetsCounted('backend', 'lost')];
      for (const name of listeners) {
        const failed = await daemon.metric('vitald_probes_total', `listener="${name}"`, 'outcome="fail"');
        t.comment(`${name}: ${await judged(name)} probes judged, ${failed} failed`);
        t.equal(await daemon.metric('vitald_backend_transitions_total', `listener="${name}"`, 'to="unhealthy"'), 0, `${name} never turned`);
        t.match(await daemon.backend(name, 'app'), { state: 'healthy' });
      }
      t.comment(`${lost} of ${arrived} SYNs were lost`);
      t.ok(lost > 0.1 * arrived, 'the loss was real');
      t.ok(arrived > probes * 1.1, 'lost SYNs were sent again');
    },
  },
});

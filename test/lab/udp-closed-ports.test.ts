/** Closed UDP ports on a host that sends ICMP errors as Linux does by default: one a second to each checker, after six at once. */
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import { allUnhealthy, defaultIcmpLimits, listenerOf, moreProbes, probesEnded, transitions } from '../support/lab/outcomes.js';
import { probeGives } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const closedPorts = Array.from({ length: 10 }, (_, i) => 5000 + i);
const reopenedPort = 5004;
const silentPort = 6000;

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.setSysctls('backend', defaultIcmpLimits);
    const backend = await lab.agent('backend');
    for (const address of [at.backend, at.backend6]) await backend.call('serveUdp', { address, port: silentPort });
    return { lab };
  },
  tests: {
    'ten closed ports on one host become unhealthy and stay so, and a silent open one beside them stays healthy': async (t, { lab }) => {
      const daemon = await startDaemonIn(t, lab, 'checker', {
        listeners: [
          listenerOf('closed4', at.backend, closedPorts),
          listenerOf('open4', at.backend, [silentPort]),
          listenerOf('closed6', at.backend6, closedPorts),
          listenerOf('open6', at.backend6, [silentPort]),
        ],
      });
      const [closed, open] = [
        ['closed4', 'closed6'],
        ['open4', 'open6'],
      ];
      await allUnhealthy(daemon, closed);
      for (const name of open) await daemon.backendWhen(name, String(silentPort), ({ state }) => state === 'healthy');
      await moreProbes(daemon, 'closed4', 150);
      for (const name of closed) {
        t.equal(await probesEnded(daemon, name, 'outcome="pass"'), 0, `no probe of ${name} passed`);
        t.equal(await transitions(daemon, name, 'healthy'), 0, `${name} never turned`);
      }
      for (const name of open) t.equal(await probesEnded(daemon, name, 'outcome="fail"'), 0, `no probe of ${name} failed`);

      const backend = await lab.agent('backend');
      for (const address of [at.backend, at.backend6]) await backend.call('serveUdp', { address, port: reopenedPort });
      for (const name of closed) {
        await daemon.backendWhen(name, String(reopenedPort), ({ state }) => state === 'healthy', { withinMs: 60_000 });
        t.equal(await transitions(daemon, name, 'healthy'), 1, 'the port that was opened, and no other');
      }
    },
    'one probe alone finds a closed port, whatever was probed before': async (t, { lab }) => {
      for (const host of [at.backend, `[${at.backend6}]`]) {
        const urls = Array.from({ length: 8 }, (_, i) => `udp://${host}:${5100 + i}`);
        for (const url of urls) await probeGives(t, lab, url, { outcome: 'fail', reason: 'port_unreachable' });
      }
    },
  },
});

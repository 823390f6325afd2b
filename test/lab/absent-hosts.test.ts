/** UDP backends that are switched off: only the neighbor table, or a router's late error, tells. */
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import { allUnhealthy, defaultIcmpLimits, listenerOf, moreProbes, probesEnded } from '../support/lab/outcomes.js';
import { probeGives } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

/** By the name of the listener that probes it. */
const near = { near4: at.deadNeighbour, near6: 'fd77::99' } as const;
const far = { far4: at.deadBehindRouter, far6: 'fd78::99' } as const;
const absent = Object.entries({ ...near, ...far });

/** Longer than it takes to find out, and shorter: the intervals at which outcomes alternated. */
const slow = { interval: '3s', timeout: '2s' };

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.setSysctls('router', defaultIcmpLimits);
    return { lab };
  },
  tests: {
    'a UDP host that is switched off is host_unreachable until it is back: in the same network, and behind a router': async (
      t,
      { lab },
    ) => {
      const listeners = absent.flatMap(([name, address]) => [
        listenerOf(name, address, [53]),
        listenerOf(`${name}slow`, address, [53], slow),
      ]);
      const names = absent.flatMap(([name]) => [name, `${name}slow`]);
      const daemon = await startDaemonIn(t, lab, 'checker', { listeners });
      await allUnhealthy(daemon, names);
      const passed = new Map<string, number>();
      for (const name of names) passed.set(name, await probesEnded(daemon, name, 'outcome="pass"'));
      await moreProbes(daemon, 'far4slow', 4);
      for (const name of names) {
        t.match((await daemon.backend(name, '53')).last_probe, { reason: 'host_unreachable' });
        const before = name.startsWith('near') ? 0 : passed.get(name)!;
        t.equal(await probesEnded(daemon, name, 'outcome="pass"'), before, `${name} does not alternate`);
      }

      const switchOn = async (node: string, device: string, address: string): Promise<void> => {
        await lab.ip(node, `addr add ${address}/${address.includes(':') ? '64' : '24'} dev ${device}`);
        await (await lab.agent(node)).call('serveUdp', { address, port: 53 });
      };
      for (const address of Object.values(near)) await switchOn('router', 'eth0', address);
      for (const address of Object.values(far)) await switchOn('backend', 'eth0', address);
      for (const name of names) await daemon.backendWhen(name, '53', ({ state }) => state === 'healthy', { withinMs: 60_000 });
    },
    'one probe alone finds a UDP host in the same network that is not there': async (t, { lab }) => {
      await probeGives(t, lab, 'udp://10.77.0.98:53', { reason: 'host_unreachable', detail: 'the host does not answer ARP' });
      await probeGives(t, lab, 'udp://[fd77::98]:53', {
        reason: 'host_unreachable',
        detail: 'the host does not answer neighbor discovery',
      });
    },
    'a router that does not answer is told from a host that does not': async (t, { lab }) => {
      await lab.ip('checker', 'route add 192.0.2.0/24 via 10.77.0.97');
      await probeGives(t, lab, 'udp://192.0.2.1:53', {
        reason: 'host_unreachable',
        detail: 'the router 10.77.0.97 does not answer ARP',
      });
      await lab.ip('checker', 'route add 2001:db8::/32 via fd77::97');
      await probeGives(t, lab, 'udp://[2001:db8::1]:53', {
        reason: 'host_unreachable',
        detail: 'the router fd77::97 does not answer neighbor discovery',
      });
    },
  },
});

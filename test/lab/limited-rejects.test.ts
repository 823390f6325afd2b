/** A backend whose firewall rejects probes by ICMP, and whose kernel limits these errors as Linux does by default. */
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import { allUnhealthy, defaultIcmpLimits, listenerOf, probesEnded } from '../support/lab/outcomes.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const rejecting = `table inet lab {
  chain input { type filter hook input priority 0;
    tcp dport { 80, 81, 82 } reject with icmpx admin-prohibited
    udp dport { 53, 54 } reject with icmpx admin-prohibited
    icmp type echo-request reject with icmpx admin-prohibited
    icmpv6 type echo-request reject with icmpx admin-prohibited
  }
}`;

/** By kind: the check, its port, and the reason of a probe whose ICMP error was held back. */
const kinds = {
  syn: [{ type: 'tcp' }, 80, 'connect_timeout'],
  connect: [{ type: 'tcp', tcp: { method: 'connect' } }, 81, 'connect_timeout'],
  http: [{ type: 'http' }, 82, 'connect_timeout'],
  ping: [{ type: 'ping' }, 80, 'ping_timeout'],
  udp: [{ type: 'udp' }, 53, 'admin_prohibited'],
  expecting: [{ type: 'udp', udp: { send: 'text:ping', expect: 'text:pong' } }, 54, 'reply_timeout'],
} as const;

/** What an IPv4 TCP socket reports for a firewall’s error does not tell it from a host that is gone. */
const known = /(administratively prohibited|host unreachable) \d+ s ago( to another probe of this address)?$/;

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.setSysctls('backend', defaultIcmpLimits);
    await lab.firewall('backend', rejecting);
    return { lab };
  },
  tests: {
    'silence keeps the reason of the ICMP error in its detail, for every kind of probe, and is never a pass': async (t, { lab }) => {
      const often = { interval: '300ms', timeout: '200ms' };
      const addresses = [
        ['4', at.backend],
        ['6', at.backend6],
      ] as const;
      const names = addresses.flatMap(([family]) => Object.keys(kinds).map((kind) => `${kind}${family}`));
      const listeners = addresses.flatMap(([family, address]) =>
        Object.entries(kinds).map(([kind, [check, port]]) => listenerOf(`${kind}${family}`, address, [port], { ...check, ...often })),
      );
      const daemon = await startDaemonIn(t, lab, 'checker', { listeners });
      await allUnhealthy(daemon, names);
      for (const [family] of addresses) {
        for (const [kind, [, port, reason]] of Object.entries(kinds)) {
          const { last_probe } = await daemon.backendWhen(
            `${kind}${family}`,
            String(port),
            ({ last_probe: last }) => last?.reason === reason && known.test(last.detail),
          );
          t.comment(`${kind}${family}: ${last_probe!.reason}: ${last_probe!.detail}`);
          t.equal(await probesEnded(daemon, `${kind}${family}`, 'outcome="pass"'), 0, `no probe of ${kind}${family} passed`);
        }
      }
    },
  },
});

/** An ICMP error is believed only if it quotes a packet that this probe sent: to its address and port, with its sequence number. */
import type { Test } from 'tap';
import type { Forging } from '../support/lab/agent-messages.js';
import type { Lab } from '../support/lab/lab.js';
import { probe } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

/** The backend is silent, so that nothing else ends a probe. */
const silentBackend = `table inet lab {
  chain input { type filter hook input priority 0;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    iif lo accept
    ip daddr ${at.backend} drop
    ip6 daddr ${at.backend6} drop
  }
}`;

interface Case {
  readonly url: (host: string) => string;
  readonly packets: Forging['kind'];
  readonly changes: readonly Forging['change'][];
  /** How a probe ends that believes the error, and one that does not. */
  readonly believed: { readonly 4: string; readonly 6: string };
  readonly silent: string;
}

const cases: Readonly<Record<string, Case>> = {
  'half-open TCP': {
    url: (host) => `tcp://${host}:80`,
    packets: 'tcp',
    changes: ['address', 'port', 'sequence'],
    believed: { 4: 'admin_prohibited', 6: 'admin_prohibited' },
    silent: 'connect_timeout',
  },
  ping: {
    url: (host) => `ping://${host}`,
    packets: 'icmp',
    changes: ['address', 'sequence'],
    believed: { 4: 'admin_prohibited', 6: 'admin_prohibited' },
    silent: 'ping_timeout',
  },
  UDP: {
    url: (host) => `udp://${host}:53`,
    packets: 'udp',
    changes: ['address', 'port'],
    believed: { 4: 'admin_prohibited', 6: 'admin_prohibited' },
    silent: 'ok',
  },
  // The kernel judges the error, and passes it on as an errno (icmp_err_convert).
  'HTTP, which the kernel connects': {
    url: (host) => `http://${host}`,
    packets: 'tcp',
    changes: ['address', 'port', 'sequence'],
    believed: { 4: 'host_unreachable', 6: 'admin_prohibited' },
    silent: 'connect_timeout',
  },
};

const source = { 4: '10.77.0.1', 6: 'fd77::1' } as const;

async function forgedError(
  t: Test,
  lab: Lab,
  { url, packets, believed, silent }: Case,
  family: 4 | 6,
  change: Forging['change'],
): Promise<void> {
  const to = family === 4 ? at.backend : at.backend6;
  const forged = (await lab.agent('backend')).call('forge', { to, kind: packets, change, withinMs: 60_000 });
  const [report] = await probe(lab, [url(family === 4 ? to : `[${to}]`)], '--timeout', '600ms', '--source', source[family]);
  await forged;
  t.equal(report!.reason, change === 'nothing' ? believed[family] : silent, `IPv${family}, changed: ${change}; ${report!.detail}`);
}

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.firewall('backend', silentBackend);
    return { lab };
  },
  tests: Object.fromEntries(
    Object.entries(cases).map(([name, given]) => [
      `${name}: an error that quotes another address, port or sequence number changes nothing`,
      async (t: Test, { lab }: { lab: Lab }) => {
        for (const family of [4, 6] as const) {
          for (const change of ['nothing', ...given.changes] as const) await forgedError(t, lab, given, family, change);
        }
      },
    ]),
  ),
});

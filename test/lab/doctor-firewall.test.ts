import { buildForDoctor, isFirst, type DoctorWorld } from '../support/lab/doctor.js';
import type { Lab } from '../support/lab/lab.js';
import { at, nodes } from '../support/lab/routed-network.js';
import { labSuite, type LabTests } from '../support/lab/suite.js';

const checker6 = 'fd77::1';
const from = '--from 10.77.0.1';
const to = `--address ${at.backend}`;

/** A firewall for the length of one test. */
async function withFirewall(lab: Lab, rules: string, test: () => Promise<unknown>): Promise<void> {
  await lab.firewall('backend', `table inet lab {\n${rules}\n}`);
  try {
    await test();
  } finally {
    await lab.run('backend', ['nft', 'flush', 'ruleset']);
  }
}

const input = (rules: string, policy = 'accept'): string =>
  `chain input { type filter hook input priority 0; policy ${policy}; ${rules}; }\n`;

const tests: LabTests<DoctorWorld> = {
  'a firewall drops the port': async (t, { lab, doctor }) => {
    await withFirewall(lab, input('tcp dport 80 drop'), async () => {
      isFirst(
        t,
        await doctor.asks('backend', `--port 80 ${from} ${to}`),
        'firewall_drops_port',
        'certain',
        /tcp dport 80 drop.*inet lab input/,
      );
      isFirst(t, await doctor.asks('backend', `--port 80 --from ${checker6}`), 'firewall_drops_port', 'certain');
      t.match(await doctor.asks('backend', `--port 443 ${from}`), { verdict: 'healthy', findings: [] }, 'another port is let in');
    });
  },
  'a firewall lets in what it names, and not the port': async (t, { lab, doctor }) => {
    await withFirewall(
      lab,
      input(
        'ct state vmap { established : accept, related : accept, invalid : drop }; iifname "lo" accept; tcp dport { 22, 8000-9000 } accept',
        'drop',
      ),
      async () => {
        isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'firewall_drops_port', 'certain', /policy drop/);
      },
    );
  },
  'a firewall drops the checks’ source, and nobody else': async (t, { lab, doctor }) => {
    await withFirewall(
      lab,
      `set bad { type ipv4_addr; flags interval; elements = { 10.77.0.0/24 }; }\n${input('ip saddr @bad drop')}`,
      async () => {
        isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'firewall_drops_source', 'certain', /ip saddr @bad drop/);
        t.match(await doctor.asks('backend', '--port 80 --from 10.76.0.1'), { verdict: 'healthy' }, 'another source is let in');
        t.match(await doctor.asks('backend', '--port 80 --from 10.77.0.0/16'), {
          findings: [{ code: 'firewall_drops_source', certainty: 'likely' }],
        });
        const [first] = (await doctor.asks('backend', '--port 80')).findings;
        t.match(first, { certainty: 'possible', summary: /the source address/ }, 'without --from nothing is certain');
      },
    );
  },
  'a firewall rejects with RST': async (t, { lab, doctor }) => {
    await withFirewall(lab, input('tcp dport 80 reject with tcp reset'), async () => {
      isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'firewall_rejects', 'certain', /tcp reset/);
    });
  },
  'a firewall rejects with ICMP “prohibited”, in a chain of its own': async (t, { lab, doctor }) => {
    const chains = `chain web { tcp dport 80 ct state new limit rate 5/second log; reject with icmpx type admin-prohibited; }
      ${input('meta l4proto tcp tcp dport vmap { 80 : jump web, 443 : accept }')}`;
    await withFirewall(lab, chains, async () => {
      isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'firewall_rejects', 'certain', /admin-prohibited/);
    });
  },
  'a firewall stops the answers on their way out': async (t, { lab, doctor }) => {
    await withFirewall(lab, 'chain output { type filter hook output priority 0; tcp sport 80 drop; }', async () => {
      isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'firewall_drops_port', 'certain', /on their way out/);
    });
  },
  'ICMP is dropped, TCP is fine': async (t, { lab, doctor }) => {
    await withFirewall(lab, input('icmp type echo-request drop'), async () => {
      const says = await doctor.asks('backend', `--port 80 ${from}`);
      isFirst(t, says, 'icmp_blocked', 'certain', /do not depend on it/);
      t.equal(says.verdict, 'healthy');
      const udp = await doctor.asks('backend', `--port 53 --udp ${from}`);
      isFirst(t, udp, 'icmp_blocked', 'certain');
      t.equal(udp.verdict, 'unhealthy', 'a UDP check pings first');
    });
  },
  'a port that is handed on to another of this machine is served there': async (t, { lab, doctor }) => {
    await withFirewall(
      lab,
      'chain pre { type nat hook prerouting priority -100; tcp dport { 81, 85 } redirect to :443; tcp dport 86 redirect to :9; }',
      async () => {
        t.match(await doctor.asks('backend', `--port 81 ${from}`), { verdict: 'healthy', findings: [] });
        isFirst(t, await doctor.asks('backend', `--port 86 ${from}`), 'nothing_listens', 'certain', /port 9\./);
      },
    );
  },
};

labSuite<DoctorWorld>({ tools: ['ss'], nodes, build: buildForDoctor, tests });

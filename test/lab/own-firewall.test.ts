/**
 * A rule or a route of the checker that lets no probe out says nothing about the backend: for every kind of check, over both
 * IP versions, whether the rule drops or rejects.
 */
import type { Test } from 'tap';
import { selfSigned } from '../support/certificates.js';
import { survived } from '../support/checker-faults.js';
import type { RunningDaemon } from '../support/daemon.js';
import { allEndAs, allPass, everyKind, nothingChanged } from '../support/lab/every-kind.js';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const nginx = new Nginx();
const identity = selfSigned(['app.example']);
const certificate = nginx.file('cert.pem', identity.cert);
const key = nginx.file('key.pem', identity.key);
const servers = `
  server { listen 80; listen [::]:80; return 200; }
  server { listen 443 ssl; listen [::]:443 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200; }
`;

const toBackend = `{ ${at.backend} }`;
const toBackend6 = `{ ${at.backend6} }`;

/** Rules of the checker's chain of outgoing packets. */
const rules = {
  'drops them': (what: string) => `${what} drop`,
  'rejects them with a port unreachable': (what: string) => `${what} reject`,
  'rejects them as prohibited': (what: string) => `${what} reject with icmpx type admin-prohibited`,
  'resets TCP and drops the rest': (what: string) => `${what} meta l4proto tcp reject with tcp reset; ${what} drop`,
} as const;

const ruleset = (rule: (what: string) => string): string =>
  `table inet lab {
  chain output { type filter hook output priority 0;
    ${rule(`ip daddr ${toBackend}`)}
    ${rule(`ip6 daddr ${toBackend6}`)}
  }
}`.replaceAll('; ip', '\n    ip');

async function blocked(t: Test, lab: Lab, daemon: RunningDaemon, rule: (what: string) => string): Promise<void> {
  await lab.firewall('checker', ruleset(rule));
  await allEndAs(t, daemon, 'checker_permission', /a firewall on this machine forbids sending \(EPERM\)/);
  await lab.firewall('checker', '');
  await allPass(daemon);
  nothingChanged(t, daemon);
}

const started = async (t: Test, lab: Lab): Promise<RunningDaemon> => {
  const listeners = everyKind({ addresses: { 4: at.backend, 6: at.backend6 } });
  const daemon = await startDaemonIn(t, lab, 'checker', { listeners });
  await allPass(daemon);
  return daemon;
};

labSuite({
  tools: ['nginx'],
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await nginx.start(lab, 'backend', servers);
    const agent = await lab.agent('backend');
    for (const address of [at.backend, at.backend6]) {
      await agent.call('serveUdp', { address, port: 53, reply: 'pong' });
      await agent.call('serveUdp', { address, port: 54 });
    }
    return { lab };
  },
  tests: {
    'a firewall of the checker that lets no probe out, however it does that': async (t, { lab }) => {
      const daemon = await started(t, lab);
      for (const [how, rule] of Object.entries(rules)) {
        t.comment(how);
        await blocked(t, lab, daemon, rule);
      }
      survived(t, 'own-firewall', Object.keys(rules).length);
    },
    'a route of the checker that prohibits the backend, or swallows what goes there': async (t, { lab }) => {
      const daemon = await started(t, lab);
      for (const [type, detail] of [
        ['prohibit', /a route on this machine prohibits the address \(EACCES\)/],
        ['blackhole', /a blackhole route on this machine covers the address/],
      ] as const) {
        await lab.ip('checker', `route add ${type} ${at.backend}/32`);
        await lab.ip('checker', `route add ${type} ${at.backend6}/128 metric 1`);
        await allEndAs(t, daemon, 'checker_permission', detail);
        await lab.ip('checker', `route del ${type} ${at.backend}/32`);
        await lab.ip('checker', `route del ${type} ${at.backend6}/128 metric 1`);
        await allPass(daemon);
      }
      nothingChanged(t, daemon);
      survived(t, 'own-routes', 2);
    },
  },
});

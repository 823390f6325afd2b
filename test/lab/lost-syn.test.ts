import { selfSigned } from '../support/certificates.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { probeGives } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite, type LabTests } from '../support/lab/suite.js';

const nginx = new Nginx();
const identity = selfSigned(['app.example']);
const certificate = nginx.file('cert.pem', identity.cert);
const key = nginx.file('key.pem', identity.key);

/** The first SYN to each port is lost, and so is every other one after it. */
const firewall = `table inet lab {
  counter http {}
  counter https {}
  chain input { type filter hook input priority 0;
    tcp dport 80 tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 counter name http drop
    tcp dport 443 tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 counter name https drop
  }
}`;

interface World {
  readonly lab: Lab;
}

const passesAllTheSame =
  (scheme: 'http' | 'https'): LabTests<World>[string] =>
  async (t, { lab }) => {
    const passes = { outcome: 'pass', reason: 'ok', detail: 'HTTP 200' };
    const { rtt_seconds } = await probeGives(t, lab, `${scheme}://${at.backend}/`, passes, '--timeout', '900ms');
    t.equal(await lab.packetsCounted('backend', scheme), 1, 'a SYN was lost');
    t.ok(rtt_seconds! >= 0.45, 'the second attempt got through; the time counts from the first');
  };

labSuite<World>({
  tools: ['nginx'],
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await nginx.start(
      lab,
      'backend',
      `server { listen 80; return 200; }
       server { listen 443 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200; }`,
    );
    await lab.firewall('backend', firewall);
    return { lab };
  },
  tests: {
    'http: one lost SYN is not a failed probe, although the kernel repeats it only after the timeout': passesAllTheSame('http'),
    'https: one lost SYN is not a failed probe, although the kernel repeats it only after the timeout': passesAllTheSame('https'),
  },
});

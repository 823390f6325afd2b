import type { Test } from 'tap';
import { survived } from '../support/checker-faults.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { probeGives, probesGive } from '../support/lab/probing.js';
import { joinRouted, nodes, at } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const source = '100.64.0.10';
const source6 = 'fd64::10';

/** As the clouds' documents advise: only the check's source range is let in (docs/semantics.md item 26). */
const onlyCheckSource = `table inet lab {
  chain input { type filter hook input priority 0; policy drop;
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    ip saddr 100.64.0.0/10 accept
    ip6 saddr fd64::/16 accept
  }
}`;

const short = ['--timeout', '300ms'];

async function addCheckSource(lab: Lab): Promise<void> {
  await lab.ip('checker', `addr add ${source}/32 dev eth0`);
  await lab.ip('checker', `addr add ${source6}/128 dev eth0`);
  await lab.ip('router', `route add ${source} via 10.77.0.1`);
  await lab.ip('router', `route add ${source6} via fd77::1`);
}

/**
 * Two cables from the checker, to the same subnet by their addresses; only the second leads to the backend. The kernel
 * prefers the first.
 */
async function addSecondCable(lab: Lab): Promise<void> {
  await lab.link(
    { node: 'checker', interface: 'dead0', addresses: ['10.79.0.1/24', 'fd79::1/64'] },
    { node: 'elsewhere', interface: 'eth0', addresses: ['10.79.0.254/24', 'fd79::fe/64'] },
  );
  await lab.link(
    { node: 'checker', interface: 'live0', addresses: ['10.79.0.3/24', 'fd79::3/64'] },
    { node: 'backend', interface: 'eth9', addresses: ['10.79.0.2/24', 'fd79::2/64'] },
  );
}

const nginx = new Nginx();

async function showSource(t: Test, lab: Lab, kind: string, port: string): Promise<void> {
  await lab.firewall('backend', onlyCheckSource);
  const [url, url6] = [at.backend, `[${at.backend6}]`].map((host) => `${kind}://${host}${port}`);
  const silent = { outcome: 'fail', reason: kind === 'ping' ? 'ping_timeout' : 'connect_timeout' };
  await probesGive(t, lab, [url!, url6!], silent, ...short);
  await probeGives(t, lab, url!, { outcome: 'pass' }, '--source', source);
  await probeGives(t, lab, url6!, { outcome: 'pass' }, '--source', source6);
}

async function showInterface(t: Test, lab: Lab, kind: string, port: string): Promise<void> {
  await lab.firewall('backend', '');
  const urls = ['10.79.0.2', '[fd79::2]'].map((host) => `${kind}://${host}${port}`);
  await probesGive(t, lab, urls, { outcome: 'fail' }, ...short);
  await probesGive(t, lab, urls, { outcome: 'fail' }, '--interface', 'dead0', ...short);
  await probesGive(t, lab, urls, { outcome: 'pass' }, '--interface', 'live0');
}

labSuite({
  tools: ['nginx'],
  nodes: [...nodes, 'elsewhere'],
  async build(lab) {
    await joinRouted(lab);
    await addCheckSource(lab);
    await addSecondCable(lab);
    await nginx.start(lab, 'backend', 'server { listen 80; listen [::]:80; location / { return 200; } }');
    await (await lab.agent('backend')).call('serveUdp', { address: at.backend, port: 53, reply: 'pong' });
    return { lab };
  },
  tests: {
    'tcp: where only the check source is let in, `source` makes the difference': (t, { lab }) => showSource(t, lab, 'tcp', ':80'),
    'http: where only the check source is let in, `source` makes the difference': (t, { lab }) => showSource(t, lab, 'http', ':80'),
    'ping: where only the check source is let in, `source` makes the difference': (t, { lab }) => showSource(t, lab, 'ping', ''),
    'udp: `source` makes the difference, though a firewall that drops looks like a silent service': async (t, { lab }) => {
      await lab.firewall('backend', onlyCheckSource);
      const arrived = async (): Promise<number> => (await lab.agent('backend')).call('received', 53);
      await probeGives(t, lab, `udp://${at.backend}:53`, { outcome: 'pass' }, ...short);
      t.equal(await arrived(), 0, 'nothing arrived, and the check passed all the same');
      await probeGives(t, lab, `udp://${at.backend}:53`, { outcome: 'pass' }, '--source', source);
      t.equal(await arrived(), 1);
    },
    'tcp: where one interface leads to the backend, `interface` makes the difference': (t, { lab }) => showInterface(t, lab, 'tcp', ':80'),
    'http: where one interface leads to the backend, `interface` makes the difference': (t, { lab }) =>
      showInterface(t, lab, 'http', ':80'),
    'ping: where one interface leads to the backend, `interface` makes the difference': (t, { lab }) => showInterface(t, lab, 'ping', ''),
    'udp: where one interface leads to the backend, `interface` makes the difference': async (t, { lab }) => {
      await lab.firewall('backend', '');
      const closedPort = 'udp://10.79.0.2:9';
      await probeGives(t, lab, closedPort, { outcome: 'fail', reason: 'host_unreachable' }, '--interface', 'dead0', ...short);
      await probeGives(t, lab, closedPort, { outcome: 'fail', reason: 'port_unreachable' }, '--interface', 'live0');
    },
    'a source address that this machine does not have is the checker’s own fault': async (t, { lab }) => {
      const indeterminate = { outcome: 'indeterminate', reason: 'checker_source_missing' };
      await probeGives(t, lab, `tcp://${at.backend}:80`, indeterminate, '--source', '100.64.0.99');
      survived(t, 'source-missing');
    },
  },
});

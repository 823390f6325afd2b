import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { probeGives } from '../support/lab/probing.js';
import { joinRouted, nodes, at } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const source = '100.64.0.10';
const source6 = 'fd64::10';

/** As the clouds' documents advise: only the check's source range is let in (spec.md item 26). */
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
  tests: Object.fromEntries([
    ...(['tcp', 'http', 'ping'] as const).map((kind) => {
      const url = (host: string): string => `${kind}://${host}${kind === 'ping' ? '' : ':80'}`;
      const silent = { outcome: 'fail', reason: kind === 'ping' ? 'ping_timeout' : 'connect_timeout' };
      return [
        `${kind}: where only the check source is let in, \`source\` makes the difference`,
        async (t: Tap, { lab }: { lab: Lab }) => {
          await lab.firewall('backend', onlyCheckSource);
          await probeGives(t, lab, url(at.backend), silent, ...short);
          await probeGives(t, lab, url(at.backend), { outcome: 'pass' }, '--source', source);
          await probeGives(t, lab, url(`[${at.backend6}]`), silent, ...short);
          await probeGives(t, lab, url(`[${at.backend6}]`), { outcome: 'pass' }, '--source', source6);
        },
      ] as const;
    }),
    [
      'udp: `source` makes the difference, and silence does not tell',
      async (t: Tap, { lab }: { lab: Lab }) => {
        await lab.firewall('backend', onlyCheckSource);
        const arrived = async (): Promise<number> => (await lab.agent('backend')).call('received', 53);
        await probeGives(t, lab, `udp://${at.backend}:53`, { outcome: 'pass' }, ...short);
        t.equal(await arrived(), 0, 'nothing arrived, and the check passed all the same');
        await probeGives(t, lab, `udp://${at.backend}:53`, { outcome: 'pass' }, '--source', source);
        t.equal(await arrived(), 1);
      },
    ] as const,
    ...(['tcp', 'http', 'ping'] as const).map(
      (kind) =>
        [
          `${kind}: where only one interface leads to the backend, \`interface\` makes the difference`,
          async (t: Tap, { lab }: { lab: Lab }) => {
            await lab.firewall('backend', '');
            for (const host of ['10.79.0.2', '[fd79::2]']) {
              const url = `${kind}://${host}${kind === 'ping' ? '' : ':80'}`;
              await probeGives(t, lab, url, { outcome: 'fail' }, ...short);
              await probeGives(t, lab, url, { outcome: 'fail' }, '--interface', 'dead0', ...short);
              await probeGives(t, lab, url, { outcome: 'pass' }, '--interface', 'live0');
            }
          },
        ] as const,
    ),
    [
      'udp: `interface` makes the difference',
      async (t: Tap, { lab }: { lab: Lab }) => {
        await lab.firewall('backend', '');
        await probeGives(t, lab, 'udp://10.79.0.2:9', { outcome: 'pass' }, '--interface', 'dead0', ...short);
        await probeGives(t, lab, 'udp://10.79.0.2:9', { outcome: 'fail', reason: 'port_unreachable' }, '--interface', 'live0');
      },
    ] as const,
    [
      'a source address that this machine does not have is the checker’s own fault',
      (t: Tap, { lab }: { lab: Lab }) =>
        probeGives(t, lab, `tcp://${at.backend}:80`, { outcome: 'indeterminate', reason: 'checker_permission' }, '--source', '100.64.0.99'),
    ] as const,
  ]),
});
type Tap = Parameters<typeof probeGives>[0];

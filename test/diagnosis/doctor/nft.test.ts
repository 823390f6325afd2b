import t from 'tap';
import { incoming, type FirewallVerdict } from '#vitald/diagnosis/doctor/firewall/evaluate.js';
import { iptablesChains } from '#vitald/diagnosis/doctor/firewall/iptables.js';
import { nftChains } from '#vitald/diagnosis/doctor/firewall/nft.js';
import { request } from '#vitald/diagnosis/doctor/firewall/packet.js';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';

const here = addressRange('10.0.0.1')!;
const ends = { family: 4, checker: addressRange('10.0.0.100'), here: [here], port: 80, interfaces: ['eth0'] } as const;
const table = { family: 'inet', table: 't' };
const chain = { chain: { ...table, name: 'a', hook: 'prerouting', prio: 0, policy: 'accept' } };

function redirected(to: unknown): FirewallVerdict {
  const json = JSON.stringify({ nftables: [chain, { rule: { ...table, chain: 'a', handle: 1, expr: [{ redirect: { port: to } }] } }] });
  return incoming(nftChains(json, new Map()), request('tcp', ends), [here]);
}

t.test('a redirection to a port is followed; one to anything else may lead anywhere', async (t) => {
  t.match(redirected(8080), { translated: { port: 8080 }, mayBeSentOn: false });
  for (const port of ['http', '', 1.5, null, [8080], { range: [8080, 8081] }]) {
    t.match(redirected(port), { verdict: 'unknown', translated: undefined, mayBeSentOn: true }, JSON.stringify(port));
  }
});

t.test('a port of iptables with more digits than a port has is none', async (t) => {
  const saved = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j REDIRECT --to-ports ${'9'.repeat(400)}\nCOMMIT\n`;
  t.match(incoming(iptablesChains(saved, 4), request('tcp', ends), [here]), { verdict: 'accept' });
});

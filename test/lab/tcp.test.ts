import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { probeGives, probesGive } from '../support/lab/probing.js';
import { labSuite } from '../support/lab/suite.js';

/** Ports of the backend, by what its firewall does with them. */
const firewall = `table inet lab {
  chain input { type filter hook input priority 0;
    tcp dport 81 drop
    tcp dport 82 reject with tcp reset
    tcp dport 83 meta nfproto ipv4 reject with icmp type admin-prohibited
    tcp dport 83 meta nfproto ipv6 reject with icmpv6 type admin-prohibited
    tcp dport 84 meta nfproto ipv4 reject with icmp type host-unreachable
    tcp dport 85 reject with icmpx type port-unreachable
  }
}`;

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.firewall('backend', firewall);
    const backend = await lab.agent('backend');
    await backend.call('serveTcp', { address: '::', port: 80 });
    await backend.call('serveTcp', { address: '::', port: 81 });
    return { lab };
  },
  tests: {
    'an open port passes, by half-open SYN': async (t, { lab }) => {
      const { rtt_seconds } = await probeGives(t, lab, `tcp://${at.backend}:80`, { outcome: 'pass', reason: 'ok', method: 'syn' });
      t.ok(rtt_seconds! > 0 && rtt_seconds! < 2, 'with the time it took');
    },
    'an open port passes over IPv6': (t, { lab }) =>
      probeGives(t, lab, `tcp://[${at.backend6}]:80`, { outcome: 'pass', reason: 'ok', method: 'syn' }),
    'a closed port is connect_refused, IPv4 and IPv6': async (t, { lab }) => {
      await probesGive(t, lab, [`tcp://${at.backend}:9`, `tcp://[${at.backend6}]:9`], { outcome: 'fail', reason: 'connect_refused' });
    },
    'a firewall that drops is connect_timeout, although the port is open': async (t, { lab }) => {
      const silent = { outcome: 'fail', reason: 'connect_timeout', rtt_seconds: null };
      await probesGive(t, lab, [`tcp://${at.backend}:81`, `tcp://[${at.backend6}]:81`], silent, '--timeout', '300ms');
    },
    'a firewall that rejects with RST is connect_refused': (t, { lab }) =>
      probeGives(t, lab, `tcp://${at.backend}:82`, { outcome: 'fail', reason: 'connect_refused' }),
    'a firewall that rejects with ICMP “administratively prohibited” is admin_prohibited, at once': async (t, { lab }) => {
      const expected = { outcome: 'fail', reason: 'admin_prohibited', detail: /prohibited/ };
      const report = await probeGives(t, lab, `tcp://${at.backend}:83`, expected, '--timeout', '30s');
      t.ok(report.rtt_seconds! < 10, 'long before the timeout');
    },
    'a firewall that rejects with ICMPv6 “administratively prohibited” is admin_prohibited, at once': async (t, { lab }) => {
      const expected = { outcome: 'fail', reason: 'admin_prohibited', detail: /ICMPv6.*prohibited/ };
      const report = await probeGives(t, lab, `tcp://[${at.backend6}]:83`, expected, '--timeout', '30s');
      t.ok(report.rtt_seconds! < 10, 'long before the timeout');
    },
    'a firewall that rejects with ICMP “host unreachable” or “port unreachable” is taken at its word': async (t, { lab }) => {
      await probeGives(t, lab, `tcp://${at.backend}:84`, { outcome: 'fail', reason: 'host_unreachable' });
      await probesGive(t, lab, [`tcp://${at.backend}:85`, `tcp://[${at.backend6}]:85`], { outcome: 'fail', reason: 'port_unreachable' });
    },
    'a host of this network that is not there is host_unreachable, as soon as the kernel gives up asking for it': async (t, { lab }) => {
      const expected = { outcome: 'fail', reason: 'host_unreachable', rtt_seconds: Number };
      const report = await probeGives(t, lab, `tcp://${at.deadNeighbour}:80`, expected, '--timeout', '20s');
      t.ok(report.rtt_seconds! < 15, `after ${report.rtt_seconds} s; three ARP requests take about 3 s`);
    },
    'a host behind a router that is not there is host_unreachable, as soon as the router says so': (t, { lab }) =>
      probeGives(t, lab, `tcp://${at.deadBehindRouter}:80`, { outcome: 'fail', reason: 'host_unreachable' }, '--timeout', '20s'),
    'a network that a router has no route to is net_unreachable, IPv4 and IPv6': async (t, { lab }) => {
      await probeGives(t, lab, `tcp://${at.unroutedAtRouter}:80`, { outcome: 'fail', reason: 'net_unreachable', detail: /ICMP/ });
      await probeGives(t, lab, `tcp://[${at.unroutedAtRouter6}]:80`, { outcome: 'fail', reason: 'net_unreachable', detail: /ICMPv6/ });
    },
    'a network that the checker itself has no route to is net_unreachable': async (t, { lab }) => {
      const expected = { outcome: 'fail', reason: 'net_unreachable', detail: /no route/ };
      await probesGive(t, lab, [`tcp://${at.unrouted}:80`, 'tcp://[2001:db8::1]:80'], expected);
    },
  },
});

import type { Test } from 'tap';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { probeGives, probesGive } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const silentPort = 53;
const pongPort = 54;
const closedPort = 55;
const tcpPort = 80;

const open = '';
const noIcmp = `table inet lab {
  chain input { type filter hook input priority 0;
    meta l4proto icmp drop
    icmpv6 type echo-request drop
  }
}`;
const noIcmpErrors = `table inet lab {
  chain output { type filter hook output priority 0;
    icmp type destination-unreachable drop
    icmpv6 type destination-unreachable drop
  }
}`;
const udpDropped = 'table inet lab { chain input { type filter hook input priority 0; meta l4proto udp drop; }; }';
const udpProhibited = `table inet lab {
  chain input { type filter hook input priority 0;
    meta nfproto ipv4 meta l4proto udp reject with icmp type admin-prohibited
    meta nfproto ipv6 meta l4proto udp reject with icmpv6 type admin-prohibited
  }
}`;

/** Two UDP checks of the backend's pong port, alike but for what they wait for. */
function pongChecks(address: string): object {
  const listener = (name: string, expect: string): object => ({
    name,
    protocol: 'udp',
    port: pongPort,
    check: { type: 'udp', interval: '200ms', timeout: '5s', udp: { send: 'text:ping', expect } },
    backends: [{ address, name: 'app' }],
  });
  return { listeners: [listener('right', 'text:pong'), listener('wrong', 'text:ping')] };
}

/** Probes the same thing by both families. */
function bothGive(t: Test, lab: Lab, url: (host: string) => string, expected: object, ...options: string[]): Promise<unknown> {
  return probesGive(t, lab, [url(at.backend), url(`[${at.backend6}]`)], expected, ...options);
}

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    const backend = await lab.agent('backend');
    await backend.call('serveTcp', { address: '::', port: tcpPort });
    for (const address of ['0.0.0.0', '::1', at.backend6]) await backend.call('serveUdp', { address, port: silentPort });
    for (const address of [at.backend, at.backend6]) await backend.call('serveUdp', { address, port: pongPort, reply: 'pong' });
    return { lab };
  },
  tests: {
    'a host that answers echo requests passes ping, IPv4 and IPv6': async (t, { lab }) => {
      await lab.firewall('backend', open);
      await bothGive(t, lab, (host) => `ping://${host}`, { outcome: 'pass', reason: 'ok', rtt_seconds: Number });
    },
    'with ICMP blocked ping is ping_timeout, while the service works': async (t, { lab }) => {
      await lab.firewall('backend', noIcmp);
      await bothGive(t, lab, (host) => `ping://${host}`, { outcome: 'fail', reason: 'ping_timeout' }, '--timeout', '1s');
      await bothGive(t, lab, (host) => `tcp://${host}:${tcpPort}`, { outcome: 'pass' });
    },
    'with icmp_echo_ignore_all set ping is ping_timeout': async (t, { lab }) => {
      await lab.firewall('backend', open);
      await lab.setSysctls('backend', ['net/ipv4/icmp_echo_ignore_all=1', 'net/ipv6/icmp/echo_ignore_all=1']);
      await bothGive(t, lab, (host) => `ping://${host}`, { outcome: 'fail', reason: 'ping_timeout' }, '--timeout', '1s');
      await lab.setSysctls('backend', ['net/ipv4/icmp_echo_ignore_all=0', 'net/ipv6/icmp/echo_ignore_all=0']);
    },
    'ping tells a network without a route from a host that is not there': async (t, { lab }) => {
      await probeGives(t, lab, `ping://${at.unroutedAtRouter}`, { outcome: 'fail', reason: 'net_unreachable' });
      await probeGives(t, lab, `ping://${at.unrouted}`, { outcome: 'fail', reason: 'net_unreachable' });
      await probeGives(t, lab, `ping://${at.deadNeighbour}`, { outcome: 'fail', reason: 'host_unreachable' }, '--timeout', '20s');
    },
    'a closed UDP port is port_unreachable, IPv4 and IPv6': async (t, { lab }) => {
      await lab.firewall('backend', open);
      await bothGive(t, lab, (host) => `udp://${host}:${closedPort}`, { outcome: 'fail', reason: 'port_unreachable' });
    },
    'an open UDP port that stays silent passes, IPv4 and IPv6': async (t, { lab }) => {
      await lab.firewall('backend', open);
      await bothGive(t, lab, (host) => `udp://${host}:${silentPort}`, { outcome: 'pass', reason: 'ok' }, '--timeout', '1s');
      const backend = await lab.agent('backend');
      t.ok((await backend.call('received', silentPort)) >= 2, 'the datagrams did arrive');
    },
    'an open UDP port that answers passes': async (t, { lab }) => {
      await lab.firewall('backend', open);
      await bothGive(t, lab, (host) => `udp://${host}:${pongPort}`, { outcome: 'pass', reason: 'ok', rtt_seconds: Number });
    },
    'the documented trap: a closed UDP port looks healthy where ICMP errors are dropped': async (t, { lab }) => {
      await lab.firewall('backend', noIcmpErrors);
      await bothGive(t, lab, (host) => `udp://${host}:${closedPort}`, { outcome: 'pass', reason: 'ok' }, '--timeout', '1s');
    },
    'a firewall that drops UDP looks like a silent service, one that rejects is admin_prohibited': async (t, { lab }) => {
      await lab.firewall('backend', udpDropped);
      await bothGive(t, lab, (host) => `udp://${host}:${silentPort}`, { outcome: 'pass', reason: 'ok' }, '--timeout', '1s');
      await lab.firewall('backend', udpProhibited);
      await bothGive(t, lab, (host) => `udp://${host}:${silentPort}`, { outcome: 'fail', reason: 'admin_prohibited' });
    },
    'a UDP answer is compared with what is expected, and its lack is reply_timeout': async (t, { lab }) => {
      await lab.firewall('backend', open);
      for (const address of [at.backend, at.backend6]) {
        const daemon = await startDaemonIn(t, lab, 'checker', pongChecks(address));
        await daemon.backendWhen('right', 'app', ({ state }) => state === 'healthy');
        const wrong = await daemon.backendWhen('wrong', 'app', ({ state }) => state === 'unhealthy');
        t.match(wrong.last_probe, { reason: 'reply_mismatch', detail: /pong/ });
      }
      await lab.firewall('backend', udpDropped);
      const config = JSON.parse(JSON.stringify(pongChecks(at.backend)).replaceAll('"5s"', '"300ms"')) as object;
      const daemon = await startDaemonIn(t, lab, 'checker', config);
      const silent = await daemon.backendWhen('right', 'app', ({ state }) => state === 'unhealthy');
      t.match(silent.last_probe, { reason: 'reply_timeout' });
    },
  },
});

/**
 * A finding has the words of the check's own protocol: no advice about HTTP for a UDP service, none about ports for a
 * ping. Every kind of probe with every reason that it can end with, over several networks.
 */
import t from 'tap';
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import { networkRules, networkTraps } from '#vitald/diagnosis/diagnose/network/index.js';
import { serviceRules, trapRules } from '#vitald/diagnosis/diagnose/service/index.js';
import type { NetworkFacts } from '#vitald/diagnosis/diagnose/network/facts.js';
import type { Report } from '#vitald/diagnosis/report.js';
import { reportAsText } from '#vitald/diagnosis/report-text.js';
import { probeKinds } from '#vitald/probes/registry.js';
import type { Reason } from '#vitald/health/reasons.js';
import { reasons } from '#vitald/health/reasons.js';
import { exchangeWith } from './service/world.js';
import { host, neighbour, outcome, route, subjectOf, syn } from './network/world.js';

const checkerReasons = reasons.filter((reason) => reason.startsWith('checker_') || reason === 'ok' || reason === 'canceled');
const unreachable: Reason[] = ['host_unreachable', 'net_unreachable', 'admin_prohibited'];
const connecting: Reason[] = ['connect_timeout', 'connect_refused', 'connect_reset', ...unreachable, 'port_unreachable'];
const answering = reasons.filter((reason) => /^(send|response|status)_/.test(reason));

/** How probes of each kind end. */
const endings: Readonly<Record<string, readonly Reason[]>> = {
  tcp: connecting,
  ping: ['ping_timeout', ...unreachable],
  udp: ['ping_timeout', 'reply_timeout', 'reply_mismatch', 'port_unreachable', 'icmp_limited', ...unreachable],
  http: [...connecting, ...answering],
  https: [...connecting, ...answering, ...reasons.filter((reason) => reason.startsWith('tls_'))],
};

/** Words of other protocols. */
const foreign: Readonly<Record<string, RegExp>> = {
  tcp: /\bHTTP|\bcurl\b|datagram|\bUDP\b|udp\.|check page|static page|expected_status|\bHost header/i,
  ping: /\bHTTP|\bcurl\b|\bTLS\b|datagram|\bRST\b|\bSYN\b|accept queue|--dport|-p tcp|hosts\.deny|port 0\b|expected_status/i,
  udp: /\bHTTP|\bcurl\b|\bTLS\b|\bSYNs?\b|\bRST\b|accepts? connections|accept queue|-p tcp|ss -l?tn|hosts\.deny|expected_status|type: tcp|type tcp/i,
  http: /datagram|\bUDP\b|udp\./i,
  https: /datagram|\bUDP\b|udp\./i,
};

const networks: Readonly<Record<string, Partial<NetworkFacts>>> = {
  'nothing known': {},
  'the host answers': { ping: host('answered'), closedPort: syn(1, 'refused'), route: route('by_gateway') },
  'nothing answers': { ping: host('silent'), closedPort: syn(1, 'silent'), checkPort: syn(80, 'silent'), route: route('by_gateway') },
  'no host there': { ping: host('silent'), neighbour: neighbour('absent'), route: route('on_link') },
};

/** What the check itself sends meets that ending in the network's steps, too. */
function networkFor(type: string, reason: Reason, base: Partial<NetworkFacts>): Partial<NetworkFacts> {
  const missing = { host_unreachable: 'host', net_unreachable: 'network', port_unreachable: 'port' }[reason as string] as
    'host' | undefined;
  const answer = reason === 'admin_prohibited' ? 'prohibited' : missing !== undefined ? 'unreachable' : undefined;
  const detail = { detail: `ICMP error`, ...(missing !== undefined && { missing }) };
  if (type === 'udp') {
    const heard = reason === 'reply_mismatch' ? 'answered' : (answer ?? 'silent');
    return { ...base, datagram: host(heard, detail), closedDatagram: host('silent') };
  }
  if (type === 'ping') return { ...base, ping: host(answer ?? 'silent', detail) };
  const port = reason === 'connect_refused' ? 'refused' : (answer ?? (reason === 'connect_timeout' ? 'silent' : 'open'));
  return { ...base, checkPort: syn(80, port, detail) };
}

const rules = {
  causes: [...networkRules, ...serviceRules].filter((rule) => !trapRules.includes(rule)),
  traps: [...networkTraps, ...trapRules],
};

function reportOf(type: string, reason: Reason, base: Partial<NetworkFacts>, options: object): string {
  const subject = subjectOf({ type, options: { ...options } });
  const made = outcome(reason);
  const detail = reason === 'reply_mismatch' ? 'answer "other", expected one that begins with "xx"' : '';
  const isHttp = type === 'http' || type === 'https';
  const end = reason === 'response_malformed' ? 'malformed' : reason === 'response_timeout' ? 'silent' : 'answered';
  const service = isHttp && !connecting.includes(reason) ? { asChecked: exchangeWith({ end, reason, status: 500 }) } : {};
  const facts: Facts = {
    check: { ...made, outcomes: made.outcomes.map((one) => ({ ...one, detail })) },
    network: networkFor(type, reason, base),
    service,
  };
  const { address, checkPort: port } = subject;
  const report: Report = {
    target: { address, port: type === 'ping' ? 0 : port, type },
    ...conclude(subject, facts, rules),
    steps: [],
    leftOut: [],
  };
  // What was sent is named as it is.
  const findings = report.findings.map((finding) => ({ ...finding, evidence: [] }));
  return reportAsText({ ...report, findings }, { color: false, columns: 100 });
}

t.test('every kind of probe is in the table', async (t) => {
  t.same(probeKinds.map(({ name }) => name).toSorted(), Object.keys(endings).toSorted());
});

for (const [type, ends] of Object.entries(endings)) {
  for (const reason of [...ends, ...checkerReasons.filter((one) => one !== 'ok' && one !== 'canceled')]) {
    t.test(`${type}, ${reason}: no words of another protocol`, async (t) => {
      for (const [network, base] of Object.entries(networks)) {
        const variants = type === 'udp' ? [{ udp: { send: 'text:hi', expect: 'text:xx' } }, { udp: { ping_first: true } }, {}] : [{}];
        for (const options of variants) {
          const text = reportOf(type, reason, base, options)
            // That a ping alone says little is the advice to use another type.
            .replace(/- \w+: The check only pings[^]*?(?=\n {2}- |\n\n|$)/, '')
            .replace(/or check the\s+service\s+itself \(tcp, http, or udp[^)]*\)/g, '');
          const found = foreign[type]!.exec(text);
          t.equal(found, null, `${network}: ${found === null ? '' : text.slice(Math.max(0, found.index - 150), found.index + 150)}`);
        }
      }
    });
  }
}

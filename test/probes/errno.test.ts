import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { verdictOfErrno } from '#vitald/probes/errno.js';
import { udpErrorReason } from '#vitald/probes/udp/error-reason.js';
import { errnoMarkdown, errnoRows, type ErrnoKind } from '#vitald/probes/errno-table.js';

/** Reasons in the order stream, raw, udp, udp received; '-' where the kind does not meet the error. */
type Expected = readonly [stream: Reason | '-', raw: Reason | '-', udp: Reason | '-', received: Reason | '-'];

const resources = 'checker_resources';
const permission = 'checker_permission';
const missing = 'checker_source_missing';

/** By error, and by IP version where that makes a difference. */
const table: Readonly<Record<string, Expected>> = {
  ECONNREFUSED: ['connect_refused', '-', 'port_unreachable', 'port_unreachable'],
  ECONNRESET: ['connect_reset', '-', '-', '-'],
  ETIMEDOUT: ['connect_timeout', '-', '-', '-'],
  EPIPE: ['send_failed', '-', '-', '-'],
  ENOPROTOOPT: ['connect_refused', '-', '-', 'port_unreachable'],
  EPERM: [permission, permission, permission, '-'],
  'EACCES IPv4': [permission, permission, permission, 'admin_prohibited'],
  'EACCES IPv6': ['admin_prohibited', permission, permission, 'admin_prohibited'],
  EINVAL: [permission, permission, permission, '-'],
  ENODEV: [missing, missing, missing, '-'],
  ENXIO: [missing, missing, missing, '-'],
  EAFNOSUPPORT: [missing, missing, missing, '-'],
  EHOSTUNREACH: ['host_unreachable', 'host_unreachable', 'host_unreachable', 'admin_prohibited'],
  EHOSTDOWN: ['host_unreachable', 'host_unreachable', 'host_unreachable', '-'],
  ENETUNREACH: ['net_unreachable', 'net_unreachable', 'net_unreachable', 'admin_prohibited'],
  ENETDOWN: ['net_unreachable', 'net_unreachable', 'net_unreachable', '-'],
  EADDRINUSE: [resources, resources, resources, '-'],
  EMFILE: [resources, resources, resources, '-'],
  ENFILE: [resources, resources, resources, '-'],
  // The raw socket sends again.
  ENOBUFS: [resources, '-', resources, '-'],
  EAGAIN: [resources, '-', resources, '-'],
  ENOMEM: [resources, resources, resources, '-'],
  EMSGSIZE: ['-', '-', '-', '-'],
  EPROTO: ['-', '-', '-', 'host_unreachable'],
  'EADDRNOTAVAIL bind: the source address': [missing, missing, missing, '-'],
  'EADDRNOTAVAIL connect': [resources, missing, resources, '-'],
  'EADDRNOTAVAIL connect, and no IPv4 address is left': [missing, missing, missing, '-'],
  'EADDRNOTAVAIL connect, and no IPv6 address is left': [missing, missing, missing, '-'],
};

const kinds: readonly ErrnoKind[] = ['stream', 'raw', 'udp', 'udp received'];

for (const { code, when, family, endings } of errnoRows()) {
  const name = when === '' ? code : `${code} ${when}`;
  t.test(`${name} over IPv${family}`, async (t) => {
    const expected = table[name] ?? table[`${name} IPv${family}`];
    t.same(
      kinds.map((kind) => endings[kind]?.reason ?? '-'),
      expected,
      'stream, raw, udp, udp received',
    );
    for (const kind of kinds) {
      const reason = endings[kind]?.reason;
      const isOwnFault = reason?.startsWith('checker_') ?? false;
      if (reason !== undefined) t.equal(endings[kind]?.outcome, isOwnFault ? 'indeterminate' : 'fail', kind);
      if (isOwnFault) t.not(endings[kind]?.detail, '', 'the cause is named');
    }
  });
}

t.test('every line of the table is an error that probes know', async (t) => {
  const known = errnoRows().flatMap(({ code, when, family }) => [when === '' ? code : `${code} ${when}`, `${code} IPv${family}`]);
  t.same(
    Object.keys(table).filter((name) => !known.includes(name)),
    [],
  );
});

t.test('docs/errno.md shows the table', async (t) => {
  t.equal(readFileSync('docs/errno.md', 'utf8'), errnoMarkdown(), 'run node scripts/generate-docs.mjs');
});

t.test('an unknown error is not held against the backend', async (t) => {
  for (const code of ['ESOMETHING', undefined]) {
    t.match(verdictOfErrno(code, 4, false, 'connect'), { reason: resources, detail: /unexpected error/ });
  }
});

t.test('a missing address is told from missing ports', async (t) => {
  const detail = (bound: boolean, syscall: string, hasAddress: boolean): string =>
    verdictOfErrno('EADDRNOTAVAIL', 6, bound, syscall, () => hasAddress).detail;
  t.match(detail(true, 'bind', true), /the source address is not an address of this machine/);
  t.match(detail(false, 'connect', true), /no free source port/);
  t.match(detail(false, 'connect', false), /no IPv6 address to send from: is IPv6 disabled/);
});

t.test('EPERM names what this process may not do: choose an interface, open a socket, or send', async (t) => {
  const detail = (syscall: string): string => verdictOfErrno('EPERM', 4, false, syscall).detail;
  t.match(detail('setsockopt'), /may not choose the interface/);
  t.match(detail('socket'), /may not open the socket/);
  t.match(detail('connect'), /a firewall on this machine/);
  t.match(
    udpErrorReason(Object.assign(new Error('x'), { code: 'EPERM', syscall: 'setsockopt' }), 4)?.detail,
    /may not choose the interface/,
  );
});

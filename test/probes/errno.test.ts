import t from 'tap';
import type { Reason } from '#vitald/health/reasons.js';
import { verdictOfErrno } from '#vitald/probes/errno.js';

const cases: [code: string | undefined, family: 4 | 6, sourceGiven: boolean, syscall: string, reason: Reason][] = [
  ['ECONNREFUSED', 4, false, 'connect', 'connect_refused'],
  ['ECONNRESET', 4, false, 'read', 'connect_reset'],
  ['ETIMEDOUT', 4, false, 'connect', 'connect_timeout'],
  ['EHOSTUNREACH', 4, false, 'connect', 'host_unreachable'],
  ['ENETUNREACH', 6, false, 'connect', 'net_unreachable'],
  ['EPIPE', 4, false, 'write', 'send_failed'],
  ['EACCES', 6, false, 'connect', 'admin_prohibited'],
  ['EACCES', 4, false, 'connect', 'checker_permission'],
  ['EPERM', 4, false, 'connect', 'checker_permission'],
  ['EPERM', 6, false, 'connect', 'checker_permission'],
  ['EADDRNOTAVAIL', 4, true, 'bind', 'checker_source_missing'],
  ['EADDRNOTAVAIL', 4, true, 'connect', 'checker_resources'],
  ['EADDRNOTAVAIL', 4, false, 'connect', 'checker_resources'],
  ['EADDRINUSE', 4, true, 'bind', 'checker_resources'],
  ['EMFILE', 4, false, 'connect', 'checker_resources'],
  ['ENFILE', 4, false, 'connect', 'checker_resources'],
  ['ENOBUFS', 4, false, 'connect', 'checker_resources'],
  ['ENOMEM', 4, false, 'connect', 'checker_resources'],
  ['ESOMETHING', 4, false, 'connect', 'checker_resources'],
  [undefined, 4, false, '', 'checker_resources'],
];

for (const [code, family, sourceGiven, syscall, reason] of cases) {
  t.test(`${code} of ${syscall} on IPv${family}${sourceGiven ? ' with a source' : ''} is ${reason}`, async (t) => {
    t.equal(verdictOfErrno(code, family, sourceGiven, syscall).reason, reason);
  });
}

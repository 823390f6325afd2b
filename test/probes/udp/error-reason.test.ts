import t from 'tap';
import { udpErrorReason as reasonOf } from '#vitald/probes/udp/error-reason.js';
import { survived } from '../../support/checker-faults.js';

const udpErrorReason = (error: NodeJS.ErrnoException): ReturnType<typeof reasonOf> => reasonOf(error, 4, () => true);

const error = (code: string, syscall: string): NodeJS.ErrnoException => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

t.test('an error that was received speaks of the backend or the network', async (t) => {
  t.equal(udpErrorReason(error('ECONNREFUSED', 'recvmsg'))?.reason, 'port_unreachable');
  t.equal(udpErrorReason(error('EHOSTUNREACH', 'recvmsg'))?.reason, 'admin_prohibited', 'the kernel reports only the prohibited codes');
  t.equal(udpErrorReason(error('EACCES', 'recvmsg'))?.reason, 'admin_prohibited', 'IPv6');
  t.same(
    udpErrorReason(error('EPROTO', 'recvmsg')),
    { reason: 'host_unreachable', detail: 'ICMP error EPROTO' },
    'nobody outside can make the checker look at fault',
  );
  t.equal(udpErrorReason(error('EMSGSIZE', 'recvmsg')), undefined, '“fragmentation needed” does not end the probe');
});

t.test('an error of this machine speaks of the route or of the checker', async (t) => {
  t.equal(udpErrorReason(error('ECONNREFUSED', 'send'))?.reason, 'port_unreachable', 'reported by the next send');
  t.equal(udpErrorReason(error('ENETUNREACH', 'connect'))?.reason, 'net_unreachable');
  t.equal(udpErrorReason(error('EHOSTUNREACH', 'send'))?.reason, 'host_unreachable');
  t.equal(udpErrorReason(error('EPERM', 'send'))?.reason, 'checker_permission');
  t.equal(udpErrorReason(error('EACCES', 'connect'))?.reason, 'checker_permission');
  t.equal(udpErrorReason(error('EADDRNOTAVAIL', 'bind'))?.reason, 'checker_source_missing');
  const exhausted = ['EADDRINUSE', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'];
  for (const code of exhausted) t.equal(udpErrorReason(error(code, 'bind'))?.reason, 'checker_resources', code);
  t.same(udpErrorReason(new Error('odd')), { reason: 'checker_resources', detail: '"odd"' });
  survived(t, 'local-errors', exhausted.length);
});

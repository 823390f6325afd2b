import t from 'tap';
import { IcmpErrors } from '#vitald/probes/icmp-errors.js';
import type { Target } from '#vitald/probes/probe.js';
import { addressKey } from '#vitald/probes/raw/addresses.js';

const prohibited = 'ICMP communication administratively prohibited';
const own = addressKey('10.0.0.100');

function target(slot: number, address = '10.0.0.1'): Target {
  return { slot, address, family: 4, port: 80, compiled: undefined };
}

function errors(): { icmp: IcmpErrors; time: { nowMs: number } } {
  const time = { nowMs: 0 };
  return {
    time,
    icmp: new IcmpErrors(
      () => time.nowMs,
      (key) => key === own,
    ),
  };
}

t.test('silence is explained by the last ICMP error, as long as that is recent', async (t) => {
  const { icmp, time } = errors();
  icmp.heard(target(0), 'admin_prohibited', prohibited);
  time.nowMs = 4200;
  t.equal(icmp.explain(target(0), 'connect_timeout', 'no answer to 3 SYNs in 2 s'), `no answer to 3 SYNs in 2 s; ${prohibited} 4 s ago`);
  t.equal(icmp.explain(target(0), 'connect_timeout', ''), `${prohibited} 4 s ago`);
  t.equal(icmp.explain(target(0), 'connect_refused', ''), '', 'an answer speaks for itself');
  time.nowMs = 300_001;
  t.equal(icmp.explain(target(0), 'connect_timeout', ''), '');
});

t.test('a target that passed, or that left, is forgotten', async (t) => {
  const { icmp } = errors();
  icmp.heard(target(0), 'port_unreachable', 'ICMP port unreachable');
  icmp.forget(target(0));
  icmp.heard(target(1), 'port_unreachable', 'ICMP port unreachable');
  t.equal(icmp.explain(target(0), 'reply_timeout', ''), '');
});

t.test('what another probe of the address heard explains silence too, unless it is about that port alone', async (t) => {
  const { icmp, time } = errors();
  icmp.heard(target(0), 'port_unreachable', 'ICMP port unreachable');
  t.equal(icmp.explain(target(1), 'connect_timeout', ''), '');
  icmp.heard(target(0), 'admin_prohibited', prohibited);
  time.nowMs = 1000;
  t.equal(icmp.explain(target(1), 'connect_timeout', ''), `${prohibited} 1 s ago to another probe of this address`);
  t.equal(icmp.explain(target(2, '10.0.0.2'), 'connect_timeout', ''), '');
});

t.test('an errno that an ICMP error leads to counts as one, other endings do not', async (t) => {
  const { icmp } = errors();
  icmp.heardByErrno(target(0), 'connect_refused', '');
  t.equal(icmp.allowance.size, 0);
  icmp.heardByErrno(target(0), 'host_unreachable', '');
  t.equal(icmp.explain(target(0), 'connect_timeout', ''), 'host unreachable 0 s ago');
  t.equal(icmp.allowance.isQuiet(addressKey('10.0.0.1'), 0), false);
});

t.test('errors of this machine itself are not limited', async (t) => {
  const { icmp } = errors();
  icmp.heard(target(0), 'host_unreachable', 'ICMP host unreachable', own);
  t.equal(icmp.allowance.size, 0);
  t.equal(icmp.explain(target(0), 'ping_timeout', ''), 'ICMP host unreachable 0 s ago');
});

t.test('addresses are not kept for good', async (t) => {
  const { icmp, time } = errors();
  for (let i = 0; i < 1000; i++) {
    time.nowMs += 10_000;
    const there = target(i % 8, `10.0.${String(i >> 8)}.${String(i & 255)}`);
    icmp.heard(there, 'admin_prohibited', prohibited);
  }
  t.ok(icmp.addresses <= 128, `${icmp.addresses} are kept`);
});

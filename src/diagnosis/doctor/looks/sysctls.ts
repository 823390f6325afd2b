/**
 * Settings of the kernel that make checks fail. Source: docs/semantics.md item 34 and section 6; Documentation/networking/ip-sysctl.rst
 * of Linux.
 */
import type { Look } from '../facts.js';
import { readNumber } from '../machine.js';

/** Bit 3 of the mask is ICMP type 3, destination unreachable. */
const unreachableBit = 1 << 3;

export const sysctlsLook: Look = {
  name: 'settings of the kernel',
  async run({ machine, facts, case: { question } }) {
    const setting = (path: string): Promise<number | undefined> => readNumber(machine, `/proc/sys/net/${path}`);
    const isV4 = question.family === 4;
    const mask = isV4 ? await setting('ipv4/icmp_ratemask') : unreachableBit;
    facts.sysctls = {
      twRecycle: (await setting('ipv4/tcp_tw_recycle')) === 1,
      timestamps: ((await setting('ipv4/tcp_timestamps')) ?? 0) > 0,
      ignoresEcho: (await setting(isV4 ? 'ipv4/icmp_echo_ignore_all' : 'ipv6/icmp/echo_ignore_all')) === 1,
      icmpRateLimit: await setting(isV4 ? 'ipv4/icmp_ratelimit' : 'ipv6/icmp/ratelimit'),
      limitsUnreachable: ((mask ?? 0) & unreachableBit) !== 0,
      conntrackCount: await setting('netfilter/nf_conntrack_count'),
      conntrackMax: await setting('netfilter/nf_conntrack_max'),
    };
    const { ignoresEcho, conntrackCount, conntrackMax } = facts.sysctls;
    const tracked = conntrackMax === undefined ? '' : `; ${conntrackCount ?? '?'} of ${conntrackMax} connections tracked`;
    return `ping is ${ignoresEcho ? 'ignored' : 'answered'}${tracked}`;
  },
};

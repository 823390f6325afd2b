/** Ways that the check’s packets and the answers go, or do not: docs/semantics.md items 32 to 34 and section 6. */
import type { RouteBack } from '../facts.js';
import { addressRange, isLoopback, within } from '../intervals.js';
import { evidence, type DoctorConclusion, type DoctorRule } from './rule.js';

/** In the words of the kernel (ENETUNREACH, EHOSTUNREACH, EACCES for `prohibit`). */
const hasNoRoute = ({ problem }: RouteBack): boolean => /unreachable|no route|permission denied|prohibit|blackhole/i.test(problem ?? '');

const routeEvidence = (asked: Parameters<DoctorRule>[0], back: readonly RouteBack[]): DoctorConclusion['evidence'] =>
  back.map((route) => evidence(asked, route.asked, route.problem ?? route.answer));

export const routeRule: DoctorRule = (asked, { routes }) => {
  if (routes === undefined) return [];
  const { back, hasDefault, deadGateway } = routes;
  const { from } = asked.question;
  const noDefault = hasDefault === false ? ': there is no default route' : '';
  const conclude = (certainty: DoctorConclusion['certainty'], summary: string): DoctorConclusion[] => [
    { code: 'no_route_back', certainty, stops: true, summary, evidence: routeEvidence(asked, back) },
  ];
  if (from === undefined) {
    if (hasDefault !== false) return [];
    return conclude('possible', 'There is no default route: only checks from networks that this machine has a route to get an answer.');
  }
  const lost = back.filter(hasNoRoute);
  if (lost.length > 0 && lost.length === back.length) {
    return conclude(
      'certain',
      `This machine has no route back to ${from.text}${noDefault}. It gets the check’s packets, and its answers go nowhere.`,
    );
  }
  if (lost.length > 0)
    return conclude('likely', `This machine has no route back to ${lost[0]!.to}, which is a part of ${from.text}${noDefault}.`);
  if (deadGateway !== undefined) {
    return conclude(
      'likely',
      `The way back to ${from.text} goes by the gateway ${deadGateway}, which does not answer (nor does it answer for its hardware address).`,
    );
  }
  return [];
};

export const sourceIsLocalRule: DoctorRule = (asked, { routes }) => {
  const { question, addresses, targets } = asked;
  const { from } = question;
  if (from === undefined || (question.address !== undefined && isLoopback(question.address))) return [];
  const inRange = addresses.filter(({ address }) => within([addressRange(address)!], [from]) === 'yes');
  // That the backend itself lies in the range of its checkers is as it should be; an address added for a VIP is not.
  const isHost = ({ prefix, interface: name }: (typeof inRange)[number]): boolean =>
    prefix >= (from.family === 4 ? 32 : 128) || name === 'lo';
  const bound = from.isOne
    ? inRange
    : inRange.filter(
        (local) => isHost(local) && !targets.some(({ address }) => question.address !== undefined && address === local.address),
      );
  const isLocalRoute = from.isOne && !isLoopback(from.text) && routes?.back[0]?.isLocal === true;
  if (bound.length === 0 && !isLocalRoute) return [];
  const [local] = bound;
  const where = local === undefined ? 'a route of type local' : `${local.address} on ${local.interface}`;
  return [
    {
      code: 'source_is_local_on_backend',
      certainty: from.isOne ? 'certain' : 'likely',
      stops: true,
      summary: `The source of the checks is also an address of this machine (${where}): answers to it never leave the machine.`,
      evidence: [evidence(asked, 'addresses of this machine', where), ...routeEvidence(asked, routes?.back ?? [])],
    },
  ];
};

export const reversePathRule: DoctorRule = (asked, { routes, queue }) => {
  const [incoming, ...more] = asked.interfaces;
  const way = routes?.back[0];
  if (incoming === undefined || more.length > 0 || way?.device === undefined || way.isLocal || way.device === incoming) return [];
  if (routes?.reversePathFilter.get(incoming) !== 1) return [];
  const drops = queue?.reversePathDrops ?? 0;
  return [
    {
      code: 'rp_filter_drops',
      certainty: drops > 0 ? 'certain' : 'likely',
      stops: true,
      summary: `Packets from ${asked.question.from?.text ?? way.to} come by ${incoming}, the way back goes by ${way.device}, and rp_filter of ${incoming} is strict: the kernel drops them.`,
      evidence: [
        evidence(asked, way.asked, way.answer),
        evidence(asked, `net.ipv4.conf.{all,${incoming}}.rp_filter`, '1 (strict)'),
        evidence(asked, 'the counter IPReversePathFilter', `grew by ${drops} in ${queue?.watchedMs ?? 0} ms`),
      ],
    },
  ];
};

export const conntrackRule: DoctorRule = (asked, { sysctls }) => {
  const [count, max] = [sysctls?.conntrackCount, sysctls?.conntrackMax];
  if (count === undefined || max === undefined || max === 0 || count < max * 0.95) return [];
  const isFull = count >= max;
  return [
    {
      code: 'conntrack_full',
      certainty: isFull ? 'certain' : 'possible',
      stops: true,
      summary: `The connection-tracking table is ${isFull ? 'full' : 'nearly full'} (${count} of ${max}): ${isFull ? 'packets of new connections are dropped' : 'when it is full, new connections are dropped'}.`,
      evidence: [evidence(asked, 'net.netfilter.nf_conntrack_count and nf_conntrack_max', `${count} of ${max}`)],
    },
  ];
};

export const twRecycleRule: DoctorRule = (asked, { sysctls, queue }) => {
  if (asked.question.protocol === 'udp' || sysctls?.twRecycle !== true || !sysctls.timestamps) return [];
  const drops = queue?.timestampDrops ?? 0;
  return [
    {
      code: 'tw_recycle_with_timestamps',
      certainty: drops > 0 ? 'certain' : 'likely',
      stops: true,
      summary: 'tcp_tw_recycle and tcp_timestamps are both on: of several machines behind one address, some get no answer.',
      evidence: [
        evidence(asked, 'net.ipv4.tcp_tw_recycle and tcp_timestamps', 'both on'),
        evidence(asked, 'the counter PAWSPassive', `grew by ${drops} in ${queue?.watchedMs ?? 0} ms`),
      ],
    },
  ];
};

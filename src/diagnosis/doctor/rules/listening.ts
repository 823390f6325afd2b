/** Whether anything takes the check: docs/semantics.md item 27. */
import type { Case, DoctorFacts, Listener } from '../facts.js';
import { ownerText, socketText } from '../looks/sockets.js';
import { evidence, handedOn, reachOf, servingListener, type DoctorConclusion, type DoctorRule, type Reach } from './rule.js';

export const listeningRule: DoctorRule = (asked, facts) => {
  const { listening } = facts;
  if (listening === undefined) return [];
  const { question } = asked;
  const to = handedOn(asked, facts);
  if (to.address !== undefined) return handedOnRefused(asked, facts, `${to.address}:${to.port}`);
  if (!asked.hasAddress) return [notOurs(asked)];
  if (servingListener(asked, facts) !== undefined) return [];
  const sentOn = facts.firewall?.request.mayBeSentOn === true;
  const conclude = (code: 'nothing_listens' | 'listens_on_loopback_only', told: string): DoctorConclusion[] => [
    {
      code,
      certainty: sentOn ? 'possible' : 'certain',
      stops: true,
      summary: sentOn ? `${told} But the firewall may send its packets on, to containers for example.` : told,
      evidence: [evidence(asked, `listening sockets (/proc/net/${question.protocol})`, seen(asked, facts))],
    },
  ];
  const kind = `${question.protocol.toUpperCase()} port ${to.port}`;
  const by = (reach: Reach): Listener | undefined => listening.here.find((listener) => reachOf(listener, asked, facts) === reach);
  const loopback = by('loopback');
  const other = by('other_address');
  const v6 = by('ipv6_only') ?? by('other_family');
  if (loopback !== undefined && other === undefined) {
    const at = `${socketText(loopback)}`;
    return conclude(
      'listens_on_loopback_only',
      `${capital(who(loopback))} listens on loopback only (${at}): only this machine itself can reach it.`,
    );
  }
  if (other !== undefined) {
    return conclude(
      'nothing_listens',
      `Nothing listens on ${question.address ?? 'that address'}: ${who(other)} listens on ${socketText(other)} only.`,
    );
  }
  if (v6 !== undefined) {
    return conclude(
      'nothing_listens',
      `Nothing listens on ${kind} for IPv${question.family}: ${who(v6)} listens for IPv${v6.family} only (${socketText(v6)}).`,
    );
  }
  const [away] = listening.elsewhere;
  if (away !== undefined) {
    const { command, pid } = away.owner;
    return conclude(
      'nothing_listens',
      `Nothing listens on ${kind} here; ${command} (process ${pid}) does in another network namespace, as a container has, and the port is not handed on to it.`,
    );
  }
  return conclude('nothing_listens', `Nothing listens on ${kind}.`);
};

const who = ({ owner }: Listener): string => (owner === undefined ? 'a program' : `${owner.command} (process ${owner.pid})`);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function seen({ question }: Case, { listening }: DoctorFacts): string {
  const here = (listening?.here ?? []).map((listener) => `${socketText(listener)}, ${ownerText(listener.owner)}`);
  const elsewhere = (listening?.elsewhere ?? []).map(({ address, owner }) => `in another namespace: ${address}, ${ownerText(owner)}`);
  return [...here, ...elsewhere].join('; ') || `none on port ${question.port}`;
}

function handedOnRefused(asked: Case, { local, firewall }: DoctorFacts, to: string): DoctorConclusion[] {
  if (local?.end !== 'refused') return [];
  const rule = firewall?.listedBy.join(', ') ?? '';
  return [
    {
      code: 'nothing_listens',
      certainty: 'likely',
      stops: true,
      summary: `The firewall hands port ${asked.question.port} on to ${to}, and nothing listens there.`,
      evidence: [evidence(asked, `rules (${rule})`, `sent on to ${to}`), evidence(asked, `a connection to ${to}`, local.detail)],
    },
  ];
}

/** Perhaps the cloud translates it, so it is not certain. */
function notOurs(asked: Case): DoctorConclusion {
  const { question, addresses } = asked;
  const own = addresses.map(({ address }) => address).join(', ');
  return {
    code: 'nothing_listens',
    certainty: 'likely',
    stops: true,
    summary: `${question.address} is no address of this machine, which has ${own || 'none but loopback'}.`,
    evidence: [evidence(asked, 'addresses of this machine', own)],
  };
}

/** What the firewall does with the check: docs/semantics.md item 26. */
import type { Case, DoctorFacts, FirewallFacts } from '../facts.js';
import type { FirewallVerdict } from '../firewall/evaluate.js';
import { evidence, type DoctorConclusion, type DoctorRule } from './rule.js';

const isBlock = ({ verdict }: FirewallVerdict): boolean => verdict === 'drop' || verdict === 'reject';

export const firewallRule: DoctorRule = (asked, facts) => {
  const { firewall } = facts;
  if (firewall === undefined) return [];
  const { request, reply } = firewall;
  if (request.verdict === 'reject') {
    const how = request.rule?.how || 'an ICMP error';
    return [blocked(asked, firewall, 'firewall_rejects', `The firewall of this machine rejects ${packet(asked)} with ${how}`)];
  }
  if (request.verdict === 'drop') {
    // Whoever else asks gets in, or may: then it is about the source.
    const isAboutSource = asked.question.from !== undefined && !isBlock(firewall.fromAnywhere);
    const code = isAboutSource ? 'firewall_drops_source' : 'firewall_drops_port';
    return [
      blocked(
        asked,
        firewall,
        code,
        `The firewall of this machine drops ${packet(asked)}${isAboutSource ? ', though not from every address' : ''}`,
      ),
    ];
  }
  if (isBlock(reply)) return [blocksReply(asked, firewall)];
  return request.verdict === 'may' ? [mayBlock(asked, firewall)] : [];
};

function packet({ question }: Case): string {
  const what = question.protocol === 'tcp' ? 'connections' : 'datagrams';
  return `${what} to ${question.protocol.toUpperCase()} port ${question.port}${question.from === undefined ? '' : ` from ${question.from.text}`}`;
}

const ruleText = ({ rule }: FirewallVerdict): string => (rule === undefined ? '' : `${rule.chain}: ${rule.text}`);

function blocked(asked: Case, { request, listedBy }: FirewallFacts, code: DoctorConclusion['code'], what: string): DoctorConclusion {
  return {
    code,
    certainty: 'certain',
    stops: true,
    summary: `${what}, by “${request.rule?.text ?? ''}” in ${request.rule?.chain ?? ''}.`,
    evidence: [evidence(asked, `the rules, gone through for the check’s packet (${listedBy.join(', ')})`, ruleText(request))],
  };
}

function blocksReply(asked: Case, { reply, listedBy }: FirewallFacts): DoctorConclusion {
  const { question } = asked;
  return {
    code: 'firewall_drops_port',
    certainty: 'certain',
    stops: true,
    summary: `The firewall of this machine stops the answers of ${question.protocol.toUpperCase()} port ${question.port} on their way out, by “${reply.rule?.text ?? ''}” in ${reply.rule?.chain ?? ''}.`,
    evidence: [evidence(asked, `the rules, gone through for the answer (${listedBy.join(', ')})`, ruleText(reply))],
  };
}

function mayBlock(asked: Case, { request, listedBy }: FirewallFacts): DoctorConclusion {
  const on = request.dependsOn.join(', ');
  const isAboutSource = request.dependsOn.includes('the source address');
  const range = asked.question.from;
  return {
    code: isAboutSource && range !== undefined ? 'firewall_drops_source' : 'firewall_drops_port',
    // A rule that is about a part of the range does block that part.
    certainty: isAboutSource && range !== undefined && request.dependsOn.length === 1 ? 'likely' : 'possible',
    stops: true,
    summary: `The firewall of this machine may block ${packet(asked)}, by “${request.rule?.text ?? ''}”; it depends on ${on || 'what cannot be seen here'}.`,
    ...(range === undefined && isAboutSource && { advice: 'Give the addresses that the checks come from (--from) to narrow it down.' }),
    evidence: [evidence(asked, `the rules, gone through for the check’s packet (${listedBy.join(', ')})`, ruleText(request))],
  };
}

/** Only checks that ping depend on it: those of kind ping, and those of UDP, which ping first (docs/semantics.md item 19). */
export const pingRule: DoctorRule = (asked, { firewall, sysctls }: DoctorFacts) => {
  const stops = asked.question.protocol === 'udp';
  const others = stops ? '' : ' Checks of this TCP port do not depend on it; those that ping do.';
  const found: DoctorConclusion[] = [];
  if (firewall !== undefined && isBlock(firewall.echo)) {
    found.push({
      code: 'icmp_blocked',
      certainty: 'certain',
      stops,
      summary: `The firewall of this machine ${firewall.echo.verdict}s ping, by “${firewall.echo.rule?.text ?? ''}” in ${firewall.echo.rule?.chain ?? ''}.${others}`,
      evidence: [evidence(asked, 'the rules, gone through for an ICMP echo request', ruleText(firewall.echo))],
    });
  }
  if (sysctls?.ignoresEcho === true) {
    found.push({
      code: 'icmp_echo_ignored',
      certainty: 'certain',
      stops,
      summary: `This machine answers no ping: icmp_echo_ignore_all is 1.${others}`,
      evidence: [evidence(asked, 'sysctl icmp_echo_ignore_all', '1')],
    });
  }
  return found;
};

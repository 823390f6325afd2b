/** Nothing at all comes back. A firewall, a missing way back and a dead host look alike; what is known orders them. */
import type { Certainty } from '../../../report.js';
import type { Conclusion, Rule } from '../../step.js';
import type { Subject } from '../../subject.js';
import { doctorTells, evidenceOf, hostProof, isFailing, isFlapping, mainAnswer, sourceOf, type Network } from './views.js';

export const silenceRule: Rule = (subject, facts) => {
  const { network } = facts;
  if (!isFailing(facts) || isFlapping(facts) || mainAnswer(subject, network)?.answer !== 'silent' || hostProof(network).length > 0)
    return [];
  const { neighbour, hops, route } = network;
  if (neighbour?.state === 'absent' || hops?.loopAt !== undefined || hops?.refusal !== undefined || route?.kind === 'none') return [];
  const say = speaker(subject, network);
  if (network.otherSources?.some(({ heard }) => heard) === true) return [say.dropsSource('likely'), say.noWayBack('possible')];
  if (route?.kind === 'on_link') {
    if (neighbour?.state === 'present') return [say.dropsSource('likely'), say.noWayBack('possible'), say.hostDown('possible')];
    return [say.hostDown('likely'), say.dropsSource('possible')];
  }
  // A router that speaks would say “host unreachable” if the host were gone (RFC 1812 5.2.7.1).
  return (hops?.routers.length ?? 0) > 0
    ? [say.noWayBack('likely'), say.dropsSource('likely'), say.hostDown('possible')]
    : [say.hostDown('likely'), say.dropsSource('likely'), say.noWayBack('possible')];
};

type Say = (certainty: Certainty) => Conclusion;

function speaker(subject: Subject, network: Network): { dropsSource: Say; noWayBack: Say; hostDown: Say } {
  const { checkPort, servicePort, closedPort, ping, neighbour, hops, otherSources = [] } = network;
  const { address } = subject;
  const source = sourceOf(subject, network);
  const heard = otherSources.find((other) => other.heard)?.source;
  const last = hops?.routers.at(-1);
  const reach = last === undefined ? '' : ` Packets come as far as ${last.address}.`;
  const evidence = evidenceOf(checkPort, servicePort, closedPort, ping, neighbour, hops, ...otherSources);
  const advice = doctorTells(
    subject,
    'a firewall’s rule from a missing way back; if the backend cannot be reached by other ways either, it is down',
  );
  const but = heard === undefined ? ', on any port, nor to ping' : `, though ${heard} gets answers`;
  return {
    dropsSource: (certainty) => ({
      code: 'firewall_drops_source',
      certainty,
      summary: `${address} answers nothing that comes from ${source}${but}: a firewall may drop it all.${reach}`,
      evidence,
      advice,
    }),
    noWayBack: (certainty) => ({
      code: 'no_route_back',
      certainty,
      summary: `${address} answers nothing that comes from ${source}${but}: it may have no route back.${reach}`,
      evidence,
      advice,
    }),
    hostDown: (certainty) => ({
      code: 'host_down',
      certainty,
      summary: `${address} answers nothing at all: the host may be down, or have another address.${reach}`,
      evidence,
      advice,
    }),
  };
}

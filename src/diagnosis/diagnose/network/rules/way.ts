/** No way to the host, or no host at its end: what routers, the kernel and the address resolution say. */
import type { Conclusion, Rule } from '../../step.js';
import type { Subject } from '../../subject.js';
import type { HostAnswer, SynAnswer } from '../facts.js';
import { evidenceOf, hostProof, isFailing, lacksSource, mainAnswer, sourceOf, type Network } from './views.js';

/** A router that says “host unreachable” after so long has asked for the host and waited; a firewall refuses at once. */
const waitedMs = 800;

type Answer = SynAnswer | HostAnswer;

export const wayRule: Rule = (subject, facts) => {
  const { network } = facts;
  const first = mainAnswer(subject, network);
  if (!isFailing(facts) || first === undefined || lacksSource(facts)) return [];
  const main = withRefusal(first, network);
  const unanswered = main.answer === 'silent' || main.answer === 'unreachable' || main.answer === 'not_sent';
  if (!unanswered || main.missing === 'port' || main.forbiddenHere === true) return [];
  const found = noRoute(subject, network, main) ?? absent(subject, network, main) ?? unreachableHost(subject, network, main);
  return found ?? [];
};

/** Routers send few errors: where the first SYNs met silence, one of those sent later may have been told why. */
function withRefusal(main: Answer, { hops }: Network): Answer {
  const { refusal } = hops ?? {};
  if (main.answer !== 'silent' || refusal?.missing === undefined || refusal.missing === 'port') return main;
  const { from, missing, detail } = refusal;
  return { ...main, answer: 'unreachable', from, missing, detail };
}

const noRouteFound = (summary: string, certainty: Conclusion['certainty'], evidence: Conclusion['evidence']): Conclusion[] => [
  { code: 'no_route', certainty, summary, evidence },
];

function noRoute({ address }: Subject, network: Network, main: Answer): Conclusion[] | undefined {
  const { route, hops } = network;
  const evidence = evidenceOf(route, main, hops);
  if (route?.kind === 'none') return noRouteFound(`This machine has no route to ${address}: ${route.detail}.`, 'certain', evidence);
  if (hops?.loopAt !== undefined && hostProof(network).length === 0) {
    return noRouteFound(
      `Packets to ${address} go round between routers, at ${hops.loopAt}: a route of theirs is wrong.`,
      'likely',
      evidence,
    );
  }
  if (main.missing !== 'network') return undefined;
  if (main.answer === 'not_sent') return noRouteFound(`This machine has no route to ${address}.`, 'certain', evidence);
  // By a connection attempt nobody learns who said it.
  if (main.from === undefined) return noRouteFound(`This machine or a router has no route to ${address}.`, 'certain', evidence);
  if (main.from === address) return rejecting(main.from, main, evidence);
  return noRouteFound(`The router ${main.from} has no route to ${address}: ${main.detail}.`, 'certain', evidence);
}

/** Nobody answers for the address on this network: the backend's own, or that of the gateway to it. */
function absent({ address }: Subject, network: Network, main: Answer): Conclusion[] | undefined {
  const { neighbour, route, ping } = network;
  if (neighbour?.state !== 'absent') return undefined;
  const evidence = evidenceOf(neighbour, main, ping, route);
  if (neighbour.address === address) {
    const summary = `No host in this network answers for ${address}: the host is down, or does not have this address.`;
    return [{ code: 'host_down', certainty: 'certain', summary, evidence }];
  }
  return noRouteFound(`The gateway ${neighbour.address} on the way to ${address} does not answer.`, 'certain', evidence);
}

function unreachableHost(subject: Subject, network: Network, main: Answer): Conclusion[] | undefined {
  if (main.missing !== 'host') return undefined;
  const { address } = subject;
  const { ping, closedPort, route } = network;
  const evidence = evidenceOf(main, closedPort, ping);
  const alive = hostProof(network);
  if (alive.length > 0 || main.from === address) return rejecting(main.from, main, [...evidence, ...alive]);
  const own = main.answer === 'not_sent' || main.from === sourceOf(subject, network);
  if (own && route?.kind === 'by_gateway') {
    return noRouteFound(`The gateway ${String(route.gateway)} on the way to ${address} does not answer.`, 'likely', evidence);
  }
  const who = own ? 'This machine’s kernel' : main.from === undefined ? 'A router, or this machine’s kernel,' : `The router ${main.from}`;
  const waited = own || (main.from !== undefined && main.rttMs >= waitedMs);
  const down: Conclusion = {
    code: 'host_down',
    certainty: waited ? 'certain' : 'likely',
    summary: `${who} reports that no host answers for ${address}: the host is down, or does not have this address.`,
    evidence,
  };
  return waited ? [down] : [down, { ...rejecting(main.from, main, evidence)[0]!, certainty: 'possible' }];
}

function rejecting(from: string | undefined, { detail }: Answer, evidence: Conclusion['evidence']): Conclusion[] {
  const who = from === undefined ? 'A firewall' : `A firewall at ${from}`;
  return [{ code: 'firewall_rejects', certainty: 'certain', summary: `${who} rejects the check: ${detail}.`, evidence }];
}

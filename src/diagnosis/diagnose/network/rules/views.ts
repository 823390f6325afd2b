/** The facts from where the rules look at them. */
import { formatEndpoint } from '../../../../endpoint.js';
import type { Evidence } from '../../../report.js';
import type { Facts } from '../../facts.js';
import type { Subject } from '../../subject.js';
import type { HostAnswer, NetworkFacts, SynAnswer } from '../facts.js';
import { layerOf, usesPing } from '../layer.js';

export type Network = Partial<NetworkFacts>;

/** Some check did not pass; or none could be made. One that this machine was late for counts only if no other was made. */
export function isFailing({ check }: Facts): boolean {
  if (check === undefined) return true;
  const sure = check.outcomes.filter(({ reason }) => reason !== 'checker_late');
  return sure.length === 0 || sure.some(({ kind }) => kind !== 'pass');
}

/** Some checks pass, and some do not. */
export function isFlapping({ check }: Facts): boolean {
  const kinds = new Set(check?.outcomes.map(({ kind }) => kind));
  return kinds.has('pass') && kinds.has('fail');
}

/** The check cannot be made, because its source is not this machine’s. */
export function lacksSource({ check, network }: Facts): boolean {
  const never = check?.outcomes.every(({ kind }) => kind === 'indeterminate') ?? true;
  return network.sourceIsHere?.here === false && never;
}

/** The answer to what the check itself sends first. */
export function mainAnswer(subject: Subject, { checkPort, ping, datagram }: Network): SynAnswer | HostAnswer | undefined {
  switch (layerOf(subject)) {
    case 'tcp':
      return checkPort;
    case 'ping':
      return ping;
    case 'udp':
      return usesPing(subject) && ping?.answer !== 'answered' ? ping : datagram;
  }
}

/** What proves that the host’s TCP gets packets and answers reach this machine: refusals, or the port of the service. */
export function tcpProof({ checkPort, closedPort, servicePort }: Network): readonly Evidence[] {
  const answers = [checkPort, closedPort, servicePort].filter((answer) => answer?.answer === 'open' || answer?.answer === 'refused');
  return evidenceOf(...answers);
}

/** What proves that the host is up, and that its answers reach this machine. */
export function hostProof(network: Network): readonly Evidence[] {
  const { ping, datagram, closedDatagram } = network;
  const answers = [ping, datagram, closedDatagram].filter((one) => one?.answer === 'answered' || one?.missing === 'port');
  return [...tcpProof(network), ...evidenceOf(...answers)];
}

/** The evidence of those facts that are there. */
export function evidenceOf(...facts: readonly ({ readonly evidence: Evidence } | undefined)[]): Evidence[] {
  return facts.flatMap((fact) => (fact === undefined ? [] : [fact.evidence]));
}

/** ADDRESS:PORT of the check; the address alone for ping. */
export function checked(subject: Subject): string {
  return layerOf(subject) === 'ping' ? subject.address : formatEndpoint(subject.address, subject.checkPort);
}

/** The address that the check leaves from, as far as it is known. */
export function sourceOf({ check }: Subject, { route }: Network): string {
  return check.source ?? route?.source ?? 'this machine';
}

/** How doctor will tell two causes apart that look the same from here. */
export function doctorTells(subject: Subject, what: string): string {
  const udp = subject.check.type === 'udp' ? ' --udp' : '';
  const port = subject.checkPort || subject.port;
  return `\`vitald doctor --port ${port === 0 ? 'PORT' : String(port)}${udp}\` on the backend tells ${what}.`;
}

/** The host answers, and the check port refuses or is silent: closed, filtered, full, or the wrong port. */
import type { Conclusion, Rule } from '../../step.js';
import type { Subject } from '../../subject.js';
import { ms } from '../asking.js';
import type { SynAnswer } from '../facts.js';
import { isLoopback } from '../loopback.js';
import { checked, doctorTells, evidenceOf, hostProof, isFailing, isFlapping, sourceOf, tcpProof, type Network } from './views.js';

export const portRule: Rule = (subject, facts) => {
  const { network } = facts;
  const { checkPort } = network;
  if (checkPort === undefined || !isFailing(facts)) return [];
  switch (checkPort.answer) {
    case 'refused':
      return refused(subject, network, checkPort);
    case 'silent':
      // What passes at times is not dropped by a rule; the count of lost packets tells more.
      if (isFlapping(facts)) return [];
      return hostProof(network).length === 0 || network.neighbour?.state === 'absent' ? [] : silent(subject, network, checkPort);
    case 'open':
      return late(subject, checkPort, facts.check?.outcomes.some(({ reason }) => reason === 'connect_timeout') === true);
    default:
      return [];
  }
};

function refused(subject: Subject, network: Network, checkPort: SynAnswer): Conclusion[] {
  const { servicePort, closedPort, ping } = network;
  const evidence = evidenceOf(checkPort, servicePort, closedPort, ping);
  const serviceOpen = servicePort?.answer === 'open';
  const nearer = answersFromNearer(network, checkPort);
  const closed: Conclusion = {
    code: 'port_closed',
    certainty: nearer ? 'possible' : 'likely',
    summary: `Port ${String(subject.checkPort)} of ${subject.address} is closed: nothing listens there, or only at another address${isLoopback(subject.address) ? '' : ' such as 127.0.0.1'}.`,
    evidence,
    advice: doctorTells(subject, 'which'),
  };
  const rejects: Conclusion = {
    code: 'firewall_rejects',
    certainty: nearer ? 'likely' : 'possible',
    summary: nearer
      ? `Something nearer than ${subject.address} refuses port ${String(subject.checkPort)} in its name: a firewall on the way.`
      : `A firewall may refuse port ${String(subject.checkPort)} of ${subject.address} with RST; from here that looks the same as a closed port.`,
    evidence,
    advice: doctorTells(subject, 'a firewall’s rule from a closed port'),
  };
  return [...(serviceOpen ? [wrongPort(subject, 'likely', 'is closed', evidence)] : []), closed, rejects];
}

/** The RST came over fewer routers than the host's echo reply: not the host sent it. */
function answersFromNearer({ ping }: Network, { hopsBack }: SynAnswer): boolean {
  return hopsBack !== undefined && ping?.hopsBack !== undefined && hopsBack < ping.hopsBack;
}

function wrongPort(
  { port, checkPort, address }: Subject,
  certainty: Conclusion['certainty'],
  how: string,
  evidence: Conclusion['evidence'],
): Conclusion {
  return {
    code: 'wrong_port',
    certainty,
    summary: `The check goes to port ${String(checkPort)} of ${address}, which ${how}, while the service answers on port ${String(port)}.`,
    evidence,
    yaml: `check:\n  port: ${String(port)}\n`,
    advice: `If something of its own should answer health checks on port ${String(checkPort)}, start that instead.`,
  };
}

/** Only where something proves that the host is up. */
function silent(subject: Subject, network: Network, checkPort: SynAnswer): Conclusion[] {
  const { closedPort, servicePort, ping, strayAck } = network;
  const evidence = evidenceOf(checkPort, closedPort, servicePort, ping, strayAck);
  const dropped = drops(subject, network, evidence);
  if (strayAck?.answered === true) {
    const full: Conclusion = {
      code: 'accept_queue_full',
      certainty: 'likely',
      summary: `${checked(subject)} takes no new connections: its TCP answers, but lets SYNs fall, as it does when the service does not accept what is waiting.`,
      evidence,
      advice: doctorTells(subject, 'the length of the queue; a firewall that drops SYNs alone looks the same from here'),
    };
    return [full, { ...dropped, certainty: 'possible' }];
  }
  if (servicePort?.answer === 'open') return [dropped, wrongPort(subject, 'possible', 'is silent', evidence)];
  if (tcpProof(network).length > 0 || dropped.code === 'firewall_drops_source') return [dropped];
  // Ping alone proves the host; Windows leaves closed ports silent too.
  const closed: Conclusion = {
    code: 'port_closed',
    certainty: 'possible',
    summary: `Some hosts, Windows among them, leave closed ports silent: perhaps nothing listens on port ${String(subject.checkPort)} of ${subject.address}.`,
    evidence,
    advice: doctorTells(subject, 'which'),
  };
  return [dropped, closed];
}

function drops(subject: Subject, network: Network, evidence: Conclusion['evidence']): Conclusion {
  const { closedPort, ping, strayAck, otherSources = [], neighbour } = network;
  const other = otherSources.find(({ heard }) => heard);
  const source = sourceOf(subject, network);
  if (other !== undefined) {
    return {
      code: 'firewall_drops_source',
      // The way back to the check's source works, for the host answers it elsewhere.
      certainty: 'certain',
      summary: `A firewall drops what comes to ${checked(subject)} from ${source}, but not from ${other.source}.`,
      evidence: [...evidence, ...evidenceOf(...otherSources)],
    };
  }
  const hostItself = ping?.answer === 'answered' || (neighbour?.state === 'present' && neighbour.address === subject.address);
  const only = closedPort?.answer === 'refused';
  return {
    code: 'firewall_drops_port',
    certainty: only && hostItself && strayAck?.answered === false ? 'certain' : 'likely',
    summary: only
      ? `A firewall drops what is sent to ${checked(subject)}; the host itself answers, on other ports too.`
      : `A firewall seems to drop what is sent to ${checked(subject)}; the host itself answers.`,
    evidence: [...evidence, ...evidenceOf(neighbour)],
  };
}

/** The port answers, but after the check has given up. */
function late(subject: Subject, checkPort: SynAnswer, timedOut: boolean): Conclusion[] {
  const { timeoutMs } = subject.check;
  if (!timedOut || !(checkPort.rttMs >= timeoutMs)) return [];
  const enough = `${String(Math.ceil((checkPort.rttMs * 2) / 1000))}s`;
  return [
    {
      code: 'timeout_too_short',
      certainty: 'likely',
      summary: `${checked(subject)} answers the SYN after ${ms(checkPort.rttMs)}, and the check waits ${ms(timeoutMs)}.`,
      evidence: evidenceOf(checkPort),
      yaml: `check:\n  timeout: ${enough}\n`,
    },
  ];
}

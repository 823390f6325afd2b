/** The check's own datagram to the check port, without the ping before it, and one to a port that is surely closed. */
import { formatEndpoint } from '../../../../endpoint.js';
import { probeOnce, type Outcome } from '../../../../probes/one-shot.js';
import { probeKinds } from '../../../../probes/registry.js';
import type { Step, StepContext } from '../../step.js';
import { fromText, ms, wayOf } from '../asking.js';
import type { HostAnswer } from '../facts.js';
import { layerOf } from '../layer.js';

/** In no list of services, and below what systems give out by themselves. */
const closedPort = 29_871;
const timeoutMs = 1500;

export const datagramsStep: Step = {
  name: 'datagrams without ping, to the check port and to a closed one',
  leaveOut: ({ subject }) => (layerOf(subject) === 'udp' ? undefined : `a check by ${subject.check.type} sends none`),
  async run(context) {
    const { facts, subject } = context;
    const written = subject.check.options['udp'] as Record<string, unknown> | undefined;
    const [datagram, closedDatagram] = await Promise.all([
      ask(context, subject.checkPort, { ...written, ping_first: false }),
      ask(context, closedPort, { ping_first: false }),
    ]);
    facts.network.datagram = datagram;
    facts.network.closedDatagram = closedDatagram;
    return `${String(subject.checkPort)}: ${datagram.detail}; ${String(closedPort)} (surely closed): ${closedDatagram.detail}`;
  },
};

async function ask({ subject }: StepContext, port: number, udp: object): Promise<HostAnswer> {
  const kind = probeKinds.find(({ name }) => name === 'udp')!;
  const { address, family, check } = subject;
  const settings = { timeoutMs, source: check.source, interface: check.interface, options: { udp } };
  const at = Date.now();
  const outcome = await probeOnce((context) => kind.create(context), settings, { address, family, port });
  const way = wayOf(subject);
  const read = readOutcome(outcome);
  return {
    ...read,
    rttMs: outcome.rttMs,
    evidence: { sent: `datagram to ${formatEndpoint(way.address, port)}${fromText(way)}`, got: read.detail, at },
  };
}

type Read = Pick<HostAnswer, 'answer' | 'detail' | 'missing' | 'forbiddenHere'>;

function readOutcome({ reason, detail, rttMs }: Outcome): Read {
  const after = Number.isNaN(rttMs) ? '' : ` after ${ms(rttMs)}`;
  switch (reason) {
    case 'ok':
      return Number.isNaN(rttMs) ? silent : { answer: 'answered', detail: `an answer${after}` };
    case 'reply_mismatch':
      return { answer: 'answered', detail: `${detail}${after}` };
    case 'reply_timeout':
      return silent;
    case 'port_unreachable':
      return { answer: 'unreachable', missing: 'port', detail: `ICMP port unreachable${after}` };
    case 'host_unreachable':
      return { answer: 'unreachable', missing: 'host', detail: `${detail || 'host unreachable'}${after}` };
    case 'net_unreachable':
      return { answer: 'unreachable', missing: 'network', detail: `${detail || 'network unreachable'}${after}` };
    case 'admin_prohibited':
      return { answer: 'prohibited', detail: `${detail || 'ICMP administratively prohibited'}${after}` };
    default:
      return { answer: 'not_sent', detail: detail || reason, forbiddenHere: reason === 'checker_permission' };
  }
}

const silent: Read = { answer: 'silent', detail: `nothing within ${String(timeoutMs / 1000)} s` };

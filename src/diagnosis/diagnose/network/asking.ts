/**
 * One question to a port, asked by half-open SYN where raw sockets are permitted, and by a connection that is reset at
 * once elsewhere; one answer in both cases.
 */
import { connect } from 'node:net';
import { formatEndpoint } from '../../../endpoint.js';
import type { Family } from '../../../probes/probe.js';
import { verdictOfErrno } from '../../../probes/errno.js';
import type { SendFailure } from '../../../probes/raw/channel.js';
import { RawUnavailable } from '../../../probes/raw/native.js';
import { unreachable } from '../../../probes/raw/unreachable.js';
import type { Reason } from '../../../health/reasons.js';
import type { Subject } from '../subject.js';
import type { HostAnswer, SynAnswer } from './facts.js';
import { Packets, type PacketAnswer, type PacketWay, type Patience } from './packets.js';

/**
 * Three packets, so that one lost is no silence; a second apart, for routers send no more than one error a second to the
 * same host (Linux: net.ipv4.icmp_ratelimit, ip_rt_error_cost). Then long enough for a kernel or router to find that
 * nobody answers for the address in its network (three questions, a second each).
 */
export const patient: Patience = { sends: 3, apartMs: 1100, waitMs: 3600 };
/** For what is compared with an answer that is known already. */
export const brisk: Patience = { sends: 3, apartMs: 300, waitMs: 1500 };

export function wayOf({ address, family, check }: Subject, source = check.source): PacketWay {
  return { address, family, source, interface: check.interface };
}

/** Runs `use` with raw sockets, and closes them. @throws RawUnavailable where they cannot be opened */
export async function withPackets<T>(way: PacketWay, use: (packets: Packets) => Promise<T>): Promise<T> {
  const packets = new Packets(way);
  try {
    return await use(packets);
  } finally {
    packets.close();
  }
}

/** Asks several ports side by side. */
export async function askPorts(way: PacketWay, ports: readonly number[], patience: Patience, signal: AbortSignal): Promise<SynAnswer[]> {
  let packets: Packets;
  try {
    packets = new Packets(way);
  } catch (error) {
    if (!(error instanceof RawUnavailable)) throw error;
    return Promise.all(ports.map((port) => askByConnection(way, port, patience, signal)));
  }
  try {
    return await Promise.all(ports.map((port) => askBySyn(packets, way, port, patience, signal)));
  } finally {
    packets.close();
  }
}

async function askBySyn(packets: Packets, way: PacketWay, port: number, patience: Patience, signal: AbortSignal): Promise<SynAnswer> {
  const at = Date.now();
  const answer = await packets.ask({ kind: 'syn', port }, patience, signal);
  const sent = `SYN to ${formatEndpoint(way.address, port)}${fromText(way)}`;
  const judged = judge(way.family, answer, patience);
  const word = judged.answer === 'answered' ? (answer.kind === 'rst' ? 'refused' : 'open') : judged.answer;
  return { ...judged, port, answer: word, evidence: { sent, got: judged.detail, at } };
}

/** What a packet answer means, in the words of the facts. */
export function judge(family: Family, answer: PacketAnswer, { sends, waitMs }: Patience): Omit<HostAnswer, 'evidence'> {
  switch (answer.kind) {
    case 'syn_ack':
    case 'rst':
    case 'echo_reply': {
      const { rttMs, hopsBack } = answer;
      return { answer: 'answered', detail: `${words[answer.kind]} after ${ms(rttMs)}`, rttMs, ...(hopsBack !== undefined && { hopsBack }) };
    }
    case 'time_exceeded':
    case 'unreachable': {
      const { rttMs, from, code } = answer;
      const { reason, detail }: { reason: Reason; detail: string } =
        answer.kind === 'time_exceeded'
          ? { reason: 'net_unreachable', detail: 'ICMP time exceeded, a routing loop,' }
          : (unreachable(family, code) ?? { reason: 'host_unreachable', detail: `ICMP unreachable, code ${String(code)},` });
      const text = `${detail} from ${from} after ${ms(rttMs)}`;
      if (reason === 'admin_prohibited') return { answer: 'prohibited', detail: text, rttMs, from };
      return { answer: 'unreachable', detail: text, rttMs, from, missing: missingBy[reason] ?? 'host' };
    }
    case 'not_sent':
      return { answer: 'not_sent', rttMs: NaN, ...notSent[answer.why] };
    case 'silent':
      return {
        answer: 'silent',
        detail: `nothing within ${seconds(waitMs)}${sends > 1 ? `, ${String(sends)} times sent` : ''}`,
        rttMs: NaN,
      };
    default:
      return answer satisfies never;
  }
}

const words = { syn_ack: 'SYN-ACK', rst: 'RST', echo_reply: 'echo reply' } as const;

const missingBy: Partial<Record<Reason, 'port' | 'host' | 'network'>> = {
  port_unreachable: 'port',
  host_unreachable: 'host',
  net_unreachable: 'network',
};

const notSent: Readonly<Record<SendFailure, Pick<HostAnswer, 'detail' | 'missing' | 'forbiddenHere'>>> = {
  not_permitted: { detail: 'not sent: a firewall of this machine forbids it (EPERM)', forbiddenHere: true },
  prohibited: { detail: 'not sent: a route of this machine prohibits the address (EACCES)', missing: 'network' },
  blackholed: { detail: 'not sent: a blackhole route of this machine covers the address (EINVAL)', missing: 'network' },
  net_unreachable: { detail: 'not sent: this machine has no route there', missing: 'network' },
  host_unreachable: { detail: 'not sent: this machine’s kernel says that the host cannot be reached', missing: 'host' },
  busy: { detail: 'not sent: this machine’s send buffers are full' },
  source_missing: { detail: 'not sent: the address or interface to send from is not on this machine' },
  failed: { detail: 'not sent: this machine’s kernel refused the packet' },
};

/** The kernel repeats a SYN by itself, after one second and after three. */
function askByConnection(way: PacketWay, port: number, { waitMs }: Patience, signal: AbortSignal): Promise<SynAnswer> {
  const at = Date.now();
  const startedAt = performance.now();
  const sent = `connection attempt to ${formatEndpoint(way.address, port)}${fromText(way)}`;
  return new Promise((resolve) => {
    const { address, family, source } = way;
    const socket = connect({ host: address, port, family, ...(source !== undefined && { localAddress: source }) });
    const end = (answer: SynAnswer['answer'], detail: string, rest: Partial<SynAnswer> = {}): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', silent);
      // A reset would wait for the connection first.
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
      resolve({ port, answer, detail, rttMs: NaN, ...rest, evidence: { sent, got: detail, at } });
    };
    const silent = (): void => end('silent', `nothing within ${seconds(waitMs)}`);
    const timer = setTimeout(silent, waitMs);
    signal.addEventListener('abort', silent, { once: true });
    const rtt = (): number => performance.now() - startedAt;
    socket.once('connect', () => end('open', `connected after ${ms(rtt())}`, { rttMs: rtt() }));
    socket.once('error', ({ code, syscall }: NodeJS.ErrnoException) => {
      const { reason, detail } = verdictOfErrno(code, family, source !== undefined, syscall);
      const rest = { rttMs: rtt(), ...(missingBy[reason] !== undefined && { missing: missingBy[reason] }) };
      const text = `${detail === '' ? reason : detail} (${String(code)}) after ${ms(rtt())}`;
      end(connectionAnswer[reason] ?? 'not_sent', text, { ...rest, ...(code === 'EPERM' && { forbiddenHere: true }) });
    });
  });
}

const connectionAnswer: Partial<Record<Reason, SynAnswer['answer']>> = {
  connect_refused: 'refused',
  connect_reset: 'refused',
  connect_timeout: 'silent',
  host_unreachable: 'unreachable',
  net_unreachable: 'unreachable',
  admin_prohibited: 'prohibited',
};

export function fromText({ source, interface: device }: PacketWay): string {
  return `${source === undefined ? '' : ` from ${source}`}${device === undefined ? '' : ` through ${device}`}`;
}

export function ms(time: number): string {
  return time < 1000 ? `${time < 10 ? time.toFixed(1) : time.toFixed(0)} ms` : seconds(time);
}

export function seconds(timeMs: number): string {
  return `${(timeMs / 1000).toFixed(1)} s`;
}

import type { Deadline } from '../deadline.js';
import type { Done, Target } from '../probe.js';
import type { UdpSocket } from './socket.js';

/** What the UDP probe makes of a listener's check. */
export interface UdpCompiled {
  readonly source: string | undefined;
  readonly device: string | undefined;
  /** What the ping probe made of the same check; undefined: no ping first. */
  readonly ping: { readonly compiled: unknown } | undefined;
  readonly datagram: Buffer;
  readonly expect: Buffer | undefined;
}

/** One UDP probe, from its start until nothing that belongs to it can come any more. */
export interface Flight {
  readonly target: Target<UdpCompiled>;
  /** Of each step: the echo, and the datagram. */
  readonly timeoutMs: number;
  /** Of the datagram; undefined while the echo is under way. */
  deadline: Deadline | undefined;
  readonly done: Done;
  /** Set while the echo is under way: the same target as the ping probe knows it. */
  pingTarget: Target | undefined;
  socket: UdpSocket | undefined;
  /** When the first and the last datagram left, monotonic ms; NaN before. */
  firstSentMs: number;
  lastSentMs: number;
  /** When the next datagram is due; undefined when all were sent. */
  nextSendMs: number | undefined;
  /** Times to send that have passed, whether a datagram was sent or left out. */
  turns: number;
  /** Errors of the socket so far. */
  errors: number;
  /** An ICMP error has come. */
  isRefused: boolean;
  /** The last datagram left when its host could send an error. */
  couldBeRefused: boolean;
  /** Its silence says that the port is not closed: a datagram would have met an error. */
  isTelling: boolean;
  /** Its silence was judged when it ended. */
  isJudged: boolean;
}

export function newFlight(target: Target<UdpCompiled>, timeoutMs: number, done: Done): Flight {
  return {
    target,
    timeoutMs,
    deadline: undefined,
    done,
    pingTarget: undefined,
    socket: undefined,
    firstSentMs: NaN,
    lastSentMs: NaN,
    nextSendMs: undefined,
    turns: 0,
    errors: 0,
    isRefused: false,
    couldBeRefused: false,
    isTelling: false,
    isJudged: false,
  };
}

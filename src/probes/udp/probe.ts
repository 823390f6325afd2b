/**
 * The UDP probe: a datagram to the check port (spec.md items 18, 19).
 *
 *   start ──► echo (ping_first) ──► datagram ──► again at 1/3 ──► again at 2/3 ──► deadline
 *               up to one timeout     └─────────────── one timeout ──────────────────┘
 *
 * An answer, an ICMP error, or the deadline ends it:
 *
 *                          without `expect`      with `expect`
 *   answer                 ok                    ok where it begins with `expect`, else reply_mismatch
 *   ICMP port unreachable  port_unreachable      port_unreachable
 *   other ICMP errors      their own reason      their own reason
 *   silence                ok                    reply_timeout
 */
import type { Socket } from 'node:dgram';
import type { Reason } from '../../health/reasons.js';
import { Deadline } from '../deadline.js';
import { printable } from '../printable.js';
import type { CheckSettings, Done, Probe, ProbeContext, Readiness, Target } from '../probe.js';
import type { DatagramSockets } from '../raw/sockets.js';
import { icmpEnding, udpErrorReason, wasReceived, type IcmpError } from './error-reason.js';
import { readUdpOptions } from './options.js';
import { isConnectedToItself, openUdpSocket } from './socket.js';

/** How often the datagram is sent, at even distances (spec.md item 18). */
const sends = 3;
/** Probes in flight, so that silent backends cannot take all descriptors of the process. */
const defaultMaxInFlight = 4096;

export interface UdpCompiled {
  readonly source: string | undefined;
  readonly device: string | undefined;
  /** What the ping probe made of the same check; undefined: no ping first. */
  readonly ping: { readonly compiled: unknown } | undefined;
  readonly datagram: Buffer;
  readonly expect: Buffer | undefined;
}

export interface UdpProbeOptions {
  /** Makes the echo of `ping_first`; without it such a check is not ready. The UDP probe closes it. */
  readonly ping?: Probe;
  /** Without it a check with `interface` is not ready, and “host unreachable” is not heard of. */
  readonly sockets?: DatagramSockets;
  readonly maxInFlight?: number;
}

/** One probe in flight. */
interface Flight {
  readonly target: Target<UdpCompiled>;
  readonly timeoutMs: number;
  /** Of the datagram; undefined while the echo is under way. */
  deadline: Deadline | undefined;
  readonly done: Done;
  /** Set while the echo is under way: the same target as the ping probe knows it. */
  pingTarget: Target | undefined;
  socket: Socket | undefined;
  /** When the first datagram was sent; ms, monotonic. */
  firstSentAt: number;
  /** When the next datagram is due; undefined when all were sent. */
  nextSendMs: number | undefined;
  sent: number;
}

export class UdpProbe implements Probe<UdpCompiled> {
  readonly #context: ProbeContext;
  readonly #ping: Probe | undefined;
  readonly #sockets: DatagramSockets | undefined;
  readonly #maxInFlight: number;
  readonly #flights = new Map<number, Flight>();

  constructor(context: ProbeContext, options: UdpProbeOptions = {}) {
    this.#context = context;
    this.#ping = options.ping;
    this.#sockets = options.sockets;
    this.#maxInFlight = options.maxInFlight ?? defaultMaxInFlight;
  }

  compile(settings: CheckSettings): UdpCompiled {
    const options = readUdpOptions(settings.options);
    const ping = options.pingFirst ? { compiled: this.#ping?.compile({ ...settings, options: {} }) } : undefined;
    return { source: settings.source, device: settings.interface, ping, datagram: options.send, expect: options.expect };
  }

  ready(compiled: UdpCompiled): Readiness {
    if (compiled.device !== undefined && this.#sockets === undefined) {
      return {
        method: 'datagram',
        error: 'UDP checks cannot be bound to a network interface on this machine; leave `interface` out, or set `source`',
      };
    }
    if (compiled.ping === undefined) return { method: 'datagram' };
    if (this.#ping === undefined)
      return { method: 'datagram', error: '`udp.ping_first` needs ping, which this machine cannot do; set it to false' };
    const { warning, error } = this.#ping.ready(compiled.ping.compiled);
    return {
      method: 'datagram',
      ...(warning === undefined ? {} : { warning }),
      ...(error === undefined ? {} : { error: `\`udp.ping_first\` needs ping: ${error}` }),
    };
  }

  start(target: Target<UdpCompiled>, deadlineMs: number, done: Done): void {
    if (this.#flights.size >= this.#maxInFlight) {
      done(target, 'checker_resources', NaN, `${this.#maxInFlight} UDP probes are in flight already`);
      return;
    }
    const flight: Flight = {
      target,
      timeoutMs: deadlineMs - this.#context.now(),
      deadline: undefined,
      done,
      pingTarget: undefined,
      socket: undefined,
      firstSentAt: NaN,
      nextSendMs: undefined,
      sent: 0,
    };
    this.#flights.set(target.slot, flight);
    const { ping } = target.compiled;
    if (ping === undefined || this.#ping === undefined) {
      this.#startDatagram(flight);
      return;
    }
    flight.pingTarget = { ...target, compiled: ping.compiled };
    this.#ping.start(flight.pingTarget, deadlineMs, this.#onPingDone);
  }

  onTimer(target: Target<UdpCompiled>, readToMs: number): void {
    const flight = this.#flights.get(target.slot);
    if (flight === undefined) return;
    const { pingTarget, deadline } = flight;
    if (pingTarget !== undefined) this.#ping?.onTimer(pingTarget, readToMs);
    else if (flight.nextSendMs !== undefined) this.#sendAgain(flight, flight.nextSendMs);
    else if (deadline !== undefined && readToMs < deadline.atMs) this.#context.arm(target.slot, deadline.atMs);
    else this.#endBySilence(flight);
  }

  cancel(target: Target<UdpCompiled>): void {
    const flight = this.#flights.get(target.slot);
    if (flight !== undefined) this.#free(flight);
  }

  drain(): number {
    return this.#ping?.drain?.() ?? Infinity;
  }

  close(): void {
    for (const flight of this.#flights.values()) this.#free(flight);
    this.#ping?.close();
  }

  readonly #onPingDone: Done = (pingTarget, reason, rttMs, detail) => {
    const flight = this.#flights.get(pingTarget.slot);
    if (flight?.pingTarget !== pingTarget) return;
    flight.pingTarget = undefined;
    if (reason === 'ok') this.#startDatagram(flight);
    else this.#end(flight, reason, rttMs, detail);
  };

  #startDatagram(flight: Flight): void {
    const { target } = flight;
    const deadlineMs = this.#context.now() + flight.timeoutMs;
    flight.deadline = new Deadline(this.#context, deadlineMs);
    this.#context.arm(target.slot, deadlineMs);
    const { source, device } = target.compiled;
    const socket = openUdpSocket(
      { address: target.address, port: target.port, family: target.family, source, device },
      {
        connected: () => this.#onConnected(flight),
        answer: (bytes) => this.#onAnswer(flight, bytes),
        failed: (error, icmp) => this.#onError(flight, error, icmp),
      },
      this.#sockets,
    );
    // It may have failed, and ended the probe, before it was returned.
    if (this.#isInFlight(flight)) flight.socket = socket;
    else socket.close();
  }

  #onConnected(flight: Flight): void {
    if (!this.#isInFlight(flight) || flight.socket === undefined) return;
    if (isConnectedToItself(flight.socket)) this.#end(flight, 'port_unreachable', NaN, 'nothing on this machine has the port');
    else this.#send(flight);
  }

  #sendAgain(flight: Flight, dueMs: number): void {
    flight.deadline?.stepDueAt(dueMs);
    if (flight.deadline?.isSpent === true) this.#endBySilence(flight);
    else this.#send(flight);
  }

  #send(flight: Flight): void {
    const now = this.#context.now();
    if (flight.sent === 0) flight.firstSentAt = now;
    flight.sent++;
    flight.nextSendMs = flight.sent < sends ? now + flight.timeoutMs / sends : undefined;
    this.#context.arm(flight.target.slot, flight.nextSendMs ?? flight.deadline!.atMs);
    flight.socket?.send(flight.target.compiled.datagram, (error) => {
      if (error) this.#onError(flight, error);
    });
  }

  #onAnswer(flight: Flight, bytes: Buffer): void {
    if (!this.#isInFlight(flight)) return;
    const { expect } = flight.target.compiled;
    const rttMs = this.#context.now() - flight.firstSentAt;
    if (expect === undefined || bytes.subarray(0, expect.length).equals(expect)) this.#end(flight, 'ok', rttMs, '');
    else this.#end(flight, 'reply_mismatch', rttMs, `answer ${printable(bytes)}, expected one that begins with ${printable(expect)}`);
  }

  #onError(flight: Flight, error: NodeJS.ErrnoException, icmp?: IcmpError): void {
    if (!this.#isInFlight(flight)) return;
    const ending = icmpEnding(flight.target.family, icmp) ?? udpErrorReason(error);
    if (ending === undefined) return;
    const rttMs = wasReceived(error) ? this.#context.now() - flight.firstSentAt : NaN;
    this.#end(flight, ending.reason, rttMs, ending.detail);
  }

  /** All that had arrived by the deadline was read, so that silence means that nothing came. */
  #endBySilence(flight: Flight): void {
    const { deadline } = flight;
    if (flight.sent === 0) {
      this.#end(flight, 'checker_late', NaN, 'this checker was held up before it could send the datagram');
    } else if (deadline?.isSpent === true) {
      this.#end(flight, 'checker_late', NaN, deadline.lateDetail);
    } else if (flight.target.compiled.expect !== undefined) {
      this.#end(flight, 'reply_timeout', NaN, '');
    } else {
      this.#end(flight, 'ok', NaN, 'silence, and no “port unreachable”');
    }
  }

  #isInFlight(flight: Flight): boolean {
    return this.#flights.get(flight.target.slot) === flight;
  }

  #end(flight: Flight, reason: Reason, rttMs: number, detail: string): void {
    this.#free(flight);
    flight.done(flight.target, reason, rttMs, detail);
  }

  #free(flight: Flight): void {
    this.#flights.delete(flight.target.slot);
    if (flight.pingTarget !== undefined) this.#ping?.cancel(flight.pingTarget);
    this.#context.disarm(flight.target.slot);
    flight.socket?.close();
  }
}

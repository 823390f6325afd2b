/**
 * The UDP probe: a datagram to the check port (docs/semantics.md items 18, 19).
 *
 *   start ──► echo (ping_first) ──► datagram ──► again at 1/3 ──► again at 2/3 ──► deadline ──► (late errors)
 *               up to one timeout     └─────────────── one timeout ──────────────────┘
 *
 * An answer, an ICMP error, or the deadline ends it:
 *
 *                          without `expect`      with `expect`
 *   answer                 ok                    ok where it begins with `expect`, else reply_mismatch
 *   ICMP port unreachable  port_unreachable      port_unreachable
 *   other ICMP errors      their own reason      their own reason
 *   silence                ok, see silence.ts    reply_timeout
 *
 * Hosts limit their ICMP errors. So all probes of a host share what it can send (icmp-allowance.ts): without `expect`,
 * a target that is believed to be refused is asked only when the host can send an error again, and its other probes end
 * at once with the error that is remembered (memory.ts).
 */
import type { Reason } from '../../health/reasons.js';
import { Deadline } from '../deadline.js';
import { someTimeAgo } from '../icmp-errors.js';
import { printable } from '../printable.js';
import type { CheckSettings, Done, Probe, ProbeContext, Readiness, Target } from '../probe.js';
import { addressKey } from '../raw/addresses.js';
import type { DatagramSockets, IcmpError } from '../raw/sockets.js';
import { icmpEnding, udpErrorReason, wasReceived, type UdpEnding } from './error-reason.js';
import { newFlight, type Flight, type UdpCompiled } from './flight.js';
import { LateErrors } from './late-errors.js';
import { ErrorMemory } from './memory.js';
import { readUdpOptions } from './options.js';
import { SilenceJudge, unresolved } from './silence.js';
import { openUdpSocket, type OpenUdpSocket } from './socket.js';

/** How often the datagram is sent, at even distances (docs/semantics.md item 18). */
const sends = 3;
/** Probes in flight, so that silent backends cannot take all descriptors of the process. */
const defaultMaxInFlight = 4096;

export interface UdpProbeOptions {
  /** Makes the echo of `ping_first`; without it such a check is not ready. The UDP probe closes it. */
  readonly ping?: Probe;
  /** Without it a check with `interface` is not ready, and "host unreachable" is not heard of. */
  readonly sockets?: DatagramSockets;
  readonly maxInFlight?: number;
  /** For tests, on a network that is made up. */
  readonly openSocket?: OpenUdpSocket;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
}

export class UdpProbe implements Probe<UdpCompiled> {
  readonly #context: ProbeContext;
  readonly #ping: Probe | undefined;
  readonly #sockets: DatagramSockets | undefined;
  readonly #maxInFlight: number;
  readonly #openSocket: OpenUdpSocket;
  readonly #random: () => number;
  readonly #flights = new Map<number, Flight>();
  readonly #memory: ErrorMemory;
  readonly #silence: SilenceJudge;
  readonly #late = new LateErrors();

  constructor(context: ProbeContext, options: UdpProbeOptions = {}) {
    this.#context = context;
    this.#ping = options.ping;
    this.#sockets = options.sockets;
    this.#maxInFlight = options.maxInFlight ?? defaultMaxInFlight;
    this.#openSocket = options.openSocket ?? openUdpSocket;
    this.#random = options.random ?? Math.random;
    this.#memory = new ErrorMemory(context.icmp.allowance);
    this.#silence = new SilenceJudge(context.icmp, this.#memory);
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
    const now = this.#context.now();
    this.#late.sweep(now, (flight) => this.#silence.noLateError(flight));
    if (this.#flights.size >= this.#maxInFlight) {
      done(target, 'checker_resources', NaN, `${this.#maxInFlight} UDP probes are in flight already`);
      return;
    }
    const flight = newFlight(target, deadlineMs - now, done);
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
    else if (flight.nextSendMs !== undefined) this.#repeat(flight, flight.nextSendMs);
    else if (deadline !== undefined && readToMs < deadline.atMs) this.#context.arm(target.slot, deadline.atMs);
    else this.#endBySilence(flight);
  }

  cancel(target: Target<UdpCompiled>): void {
    const flight = this.#flights.get(target.slot);
    if (flight !== undefined) this.#free(flight);
    this.#late.forget(target);
    this.#memory.forget(target);
    this.#silence.forget(target);
  }

  drain(): number {
    return this.#ping?.drain?.() ?? Infinity;
  }

  close(): void {
    for (const flight of this.#flights.values()) this.#free(flight);
    this.#late.close();
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
    const now = this.#context.now();
    if (!this.#mayAsk(flight, now)) {
      this.#endByMemory(flight, now);
      return;
    }
    flight.deadline = new Deadline(this.#context, now + flight.timeoutMs);
    this.#context.arm(target.slot, flight.deadline.atMs);
    const { source, device } = target.compiled;
    const socket = this.#openSocket(
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

  /** A target that is believed to be refused is asked when its host can send an error, one datagram at a time. */
  #mayAsk({ target, timeoutMs }: Flight, now: number): boolean {
    if (this.#memory.believed(target) === undefined) return true;
    if (this.#late.awaits(target) && !this.#memory.isLongEnough(target, timeoutMs)) return false;
    return this.#memory.mayAsk(target, this.#silence.hasDoubts, now);
  }

  #endByMemory(flight: Flight, now: number): void {
    const { reason, detail, heardAtMs } = this.#memory.believed(flight.target)!;
    this.#end(flight, reason, NaN, someTimeAgo(detail, now - heardAtMs));
  }

  #onConnected(flight: Flight): void {
    if (!this.#isInFlight(flight) || flight.socket === undefined) return;
    if (flight.socket.isConnectedToItself()) {
      this.#end(flight, 'port_unreachable', NaN, 'nothing on this machine has the port');
      return;
    }
    flight.deadline?.step();
    this.#send(flight);
  }

  #repeat(flight: Flight, dueMs: number): void {
    flight.deadline?.stepDueAt(dueMs);
    this.#silence.unanswered(flight, this.#context.heldUpMs(flight.lastSentMs));
    if (flight.deadline?.isSpent === true) this.#endBySilence(flight);
    else this.#repeatOrNot(flight, this.#context.now());
  }

  /** One datagram is enough for what is believed already: the error is left to others. */
  #repeatOrNot(flight: Flight, now: number): void {
    if (this.#memory.mayRepeat(flight.target, now - flight.lastSentMs, now)) this.#send(flight);
    else this.#awaitNextTurn(flight, now);
  }

  #send(flight: Flight): void {
    const now = this.#context.now();
    if (flight.turns === 0) flight.firstSentMs = now;
    flight.lastSentMs = now;
    this.#silence.sending(flight);
    this.#awaitNextTurn(flight, now);
    flight.socket?.send(flight.target.compiled.datagram, (error) => this.#onError(flight, error));
  }

  #awaitNextTurn(flight: Flight, now: number): void {
    flight.turns++;
    flight.nextSendMs = flight.turns < sends ? now + (flight.timeoutMs / sends) * this.#stagger() : undefined;
    this.#context.arm(flight.target.slot, flight.nextSendMs ?? flight.deadline!.atMs);
  }

  /**
   * Repeats come at even distances. Where errors are limited they come at random: at a fixed time another probe may
   * always take the host's token just before.
   */
  #stagger(): number {
    return this.#context.icmp.allowance.size === 0 ? 1 : 0.5 + 0.75 * this.#random();
  }

  #onAnswer(flight: Flight, bytes: Buffer): void {
    this.#memory.forget(flight.target);
    this.#silence.answered(flight.target, this.#context.now());
    if (!this.#isInFlight(flight)) {
      // No error follows an answer. Whatever else the service sends stays unread.
      if (this.#late.has(flight)) this.#late.forget(flight.target);
      return;
    }
    const { expect } = flight.target.compiled;
    const rttMs = this.#context.now() - flight.firstSentMs;
    if (expect === undefined || bytes.subarray(0, expect.length).equals(expect)) this.#end(flight, 'ok', rttMs, '');
    else this.#end(flight, 'reply_mismatch', rttMs, `answer ${printable(bytes)}, expected one that begins with ${printable(expect)}`);
  }

  #onError(flight: Flight, error: NodeJS.ErrnoException, icmp?: IcmpError): void {
    const isInFlight = this.#isInFlight(flight);
    if (!isInFlight && !this.#late.has(flight)) return;
    flight.errors++;
    const ending =
      icmpEnding(flight.target.family, icmp) ??
      udpErrorReason(error, flight.target.family) ??
      (flight.errors > mostErrors ? endlessErrors : undefined);
    if (ending === undefined) return;
    // Sockets that only wait for late errors are the first to go.
    if (error.code === 'EMFILE' || error.code === 'ENFILE') this.#late.close();
    const isReceived = wasReceived(error);
    if (isReceived) this.#heard(flight, ending, icmp?.sender);
    if (isInFlight) this.#end(flight, ending.reason, isReceived ? this.#context.now() - flight.firstSentMs : NaN, ending.detail);
    else if (flight.errors > mostErrors) this.#late.forget(flight.target);
  }

  /** An ICMP error has come, in time or late. */
  #heard(flight: Flight, { reason, detail }: UdpEnding, sender = addressKey(flight.target.address)): void {
    const { target, isRefused } = flight;
    const text = detail === '' ? reason : detail;
    this.#context.icmp.heard(target, reason, text, sender);
    flight.isRefused = true;
    // This machine's own kernel limits no errors to itself. What it says of neighbors is asked anew each time.
    if (isRefused || target.compiled.expect !== undefined || this.#context.network.isOwn(sender)) return;
    const heardAtMs = this.#context.now();
    this.#memory.heard(target, { reason, detail: text, sender, heardAtMs, delayMs: heardAtMs - flight.firstSentMs });
    this.#silence.refused(target);
  }

  /** All that had arrived by the deadline was read, so that silence means that nothing came. */
  #endBySilence(flight: Flight): void {
    const { deadline, target } = flight;
    if (flight.turns === 0) {
      this.#end(flight, 'checker_late', NaN, 'this checker was held up before it could send the datagram');
      return;
    }
    if (deadline?.isSpent === true) {
      this.#end(flight, 'checker_late', NaN, deadline.lateDetail);
      return;
    }
    this.#silence.unanswered(flight, this.#context.heldUpMs(flight.lastSentMs));
    const { source, device, expect } = target.compiled;
    const hop = this.#context.network.nextHop(target.family, target.address, { source, interface: device });
    const now = this.#context.now();
    const ending = unresolved(target, hop) ?? (expect === undefined ? this.#silence.ending(flight, hop, now) : replyTimeout);
    const isNear = hop !== undefined && hop.router === undefined;
    if (!isNear && expect === undefined && this.#sockets !== undefined) this.#late.add(flight, now);
    this.#end(flight, ending.reason, NaN, ending.detail);
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
    if (!this.#late.has(flight)) flight.socket?.close();
  }
}

/** One probe reads at most so many errors; each of its datagrams may cause one. */
const mostErrors = 16;
const endlessErrors: UdpEnding = { reason: 'host_unreachable', detail: 'ICMP errors without end: "fragmentation needed"' };

const replyTimeout: UdpEnding = { reason: 'reply_timeout', detail: '' };

/**
 * The TCP probe for machines that grant no raw sockets: the kernel connects, and the connection is reset at once
 * (docs/semantics.md item 18). The reset leaves no TIME_WAIT behind, so that no ports are used up; the backend's application
 * does see a connection, which the half-open probe spares it.
 */
import type { Socket } from 'node:net';
import { evidenceOf, type Reason } from '../../health/reasons.js';
import { Deadline } from '../deadline.js';
import { verdictOfErrno } from '../errno.js';
import type { CheckSettings, Done, Probe, ProbeContext, Readiness, Target } from '../probe.js';
import type { Binding } from '../raw/channel-set.js';
import { OwnRefusals } from '../raw/own-refusal.js';
import { secondAttemptAt } from '../second-attempt.js';
import { connectStream, deviceProblem } from '../stream-socket.js';

export interface ConnectCompiled {
  readonly source: string | undefined;
  readonly device: string | undefined;
  /** Source and device together. */
  readonly binding: Binding;
}

/** One probe in flight. */
interface Flight {
  readonly target: Target<ConnectCompiled>;
  readonly deadline: Deadline;
  readonly done: Done;
  /** When a second connection is attempted, monotonic ms; undefined when that is done or not needed. */
  secondAttemptMs: number | undefined;
  readonly attempts: Socket[];
}

export class ConnectProbe implements Probe<ConnectCompiled> {
  readonly #context: ProbeContext;
  readonly #flights = new Map<number, Flight>();
  readonly #refusals = new OwnRefusals();

  constructor(context: ProbeContext) {
    this.#context = context;
  }

  compile(settings: CheckSettings): ConnectCompiled {
    const { source, interface: device } = settings;
    return { source, device, binding: { source, interface: device } };
  }

  ready(compiled: ConnectCompiled): Readiness {
    const error = compiled.device === undefined ? undefined : deviceProblem(compiled.device);
    return error === undefined ? { method: 'connect' } : { method: 'connect', error };
  }

  start(target: Target<ConnectCompiled>, deadlineMs: number, done: Done): void {
    const refusal = this.#refusals.before(target, target.compiled.binding);
    if (refusal !== undefined) return done(target, refusal.reason, NaN, refusal.detail);
    const deadline = new Deadline(this.#context, deadlineMs);
    const secondAttemptMs = secondAttemptAt(deadline.startedAtMs, deadlineMs);
    const flight: Flight = { target, deadline, done, secondAttemptMs, attempts: [] };
    this.#flights.set(target.slot, flight);
    this.#context.arm(target.slot, secondAttemptMs ?? deadlineMs);
    this.#attempt(flight);
  }

  onTimer(target: Target<ConnectCompiled>, readToMs: number): void {
    const flight = this.#flights.get(target.slot);
    if (flight === undefined) return;
    this.#attemptAgain(flight);
    if (!this.#isInFlight(flight)) return;
    const { deadline } = flight;
    if (readToMs < deadline.atMs) this.#context.arm(target.slot, deadline.atMs);
    else if (deadline.isSpent) this.#end(flight, 'checker_late', NaN, deadline.lateDetail);
    else if (!this.#endedByOwnRefusal(flight, 'connect_timeout')) this.#end(flight, 'connect_timeout', NaN, '');
  }

  #attemptAgain(flight: Flight): void {
    if (flight.secondAttemptMs === undefined) return;
    flight.deadline.stepDueAt(flight.secondAttemptMs);
    flight.secondAttemptMs = undefined;
    if (!flight.deadline.isSpent) this.#attempt(flight);
  }

  cancel(target: Target<ConnectCompiled>): void {
    this.#refusals.forget(target);
    const flight = this.#flights.get(target.slot);
    if (flight !== undefined) this.#free(flight);
  }

  close(): void {
    for (const flight of this.#flights.values()) this.#free(flight);
  }

  #attempt(flight: Flight): void {
    const { address, port, family, compiled } = flight.target;
    try {
      const socket = connectStream({ address, port, family, source: compiled.source, device: compiled.device });
      flight.attempts.push(socket);
      socket.on('connect', () => this.#onConnect(flight, socket));
      socket.on('error', (error) => this.#onError(flight, error));
    } catch (error) {
      this.#onError(flight, error as NodeJS.ErrnoException);
    }
  }

  #onConnect(flight: Flight, socket: Socket): void {
    if (!this.#isInFlight(flight)) return;
    // A socket that the kernel gave the backend's own port, on this machine, connects to itself (RFC 9293 section 3.5,
    // simultaneous open). The port was free to be given: nobody listens.
    const itself = socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
    if (itself) this.#end(flight, 'connect_refused', NaN, '');
    else this.#end(flight, 'ok', this.#context.now() - flight.deadline.startedAtMs, '');
  }

  #onError(flight: Flight, error: NodeJS.ErrnoException): void {
    if (!this.#isInFlight(flight)) return;
    const { family, compiled } = flight.target;
    const { reason, detail } = verdictOfErrno(error.code, family, compiled.source !== undefined, error.syscall);
    if (this.#endedByOwnRefusal(flight, reason)) return;
    this.#context.icmp.heardByErrno(flight.target, reason, detail);
    if (evidenceOf(reason) === 'gave_up' && this.#wasLate(flight)) return;
    const answered = reason === 'connect_refused' || reason === 'connect_reset';
    this.#end(flight, reason, answered ? this.#context.now() - flight.deadline.startedAtMs : NaN, detail);
  }

  /** Ends the probe if this machine itself refused to send, which looks like a failure of the backend. */
  #endedByOwnRefusal(flight: Flight, reason: Reason): boolean {
    const own = this.#refusals.behind(flight.target, flight.target.compiled.binding, reason);
    if (own === undefined) return false;
    this.#end(flight, own.reason, NaN, own.detail);
    return true;
  }

  /** A connection that was opened and reset while the process was held up: the backend may have been tired of waiting. */
  #wasLate(flight: Flight): boolean {
    const { deadline } = flight;
    deadline.step();
    if (!deadline.wasLate) return false;
    this.#end(flight, 'checker_late', NaN, deadline.lateDetail);
    return true;
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
    this.#context.disarm(flight.target.slot);
    // Sends RST where the connection stands. Where it does not, Node would wait for it, some two minutes with a silent
    // backend, and the descriptor with it: there the attempt is just given up.
    for (const socket of flight.attempts) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
}

/**
 * Probes by one HTTP request, judged by the status code alone (docs/semantics.md item 20).
 *
 * An own client rather than `http.request`: 57 µs of CPU a probe instead of 95 (bench/probes/http.ts), and every
 * byte of a hostile answer is counted. A connection belongs to its probe until the verdict; then it either lingers
 * (lingering.ts), where the slot's next probe does not meet it any more, or is kept for that next probe (`reuse`).
 */
import { evidenceOf, type Reason } from '../../health/reasons.js';
import { Deadline } from '../deadline.js';
import { ownError } from '../own-errors.js';
import type { CheckSettings, Done, Probe, ProbeContext, Readiness } from '../probe.js';
import { OwnRefusals } from '../raw/own-refusal.js';
import { secondAttemptAt } from '../second-attempt.js';
import { deviceProblem } from '../stream-socket.js';
import { compileHttp, type CompiledHttp } from './compile.js';
import { Connection, type ConnectionOwner, type Flight, type HttpTarget, type Transports } from './connection.js';
import { Lingering } from './lingering.js';
import { PlainTransports } from './plain-transport.js';
import type { Scheme } from './request.js';
import { TlsTransports } from './tls-transport.js';

export class HttpProbe implements Probe<CompiledHttp>, ConnectionOwner {
  readonly #scheme: Scheme;
  readonly #context: ProbeContext;
  readonly #transports: Transports = { plain: new PlainTransports(), tls: new TlsTransports() };
  /** Probes without a verdict yet, by slot. */
  readonly #inFlight = new Map<number, Connection>();
  /** Second attempts to connect, beside one in flight that still connects too (second-attempt.ts); by slot. */
  readonly #second = new Map<number, Connection>();
  /** Idle connections, by slot; only with `reuse`. */
  readonly #kept = new Map<number, Connection>();
  readonly #lingering = new Lingering<Connection>();
  readonly #refusals = new OwnRefusals();
  #closed = false;

  constructor(scheme: Scheme, context: ProbeContext) {
    this.#scheme = scheme;
    this.#context = context;
  }

  compile(settings: CheckSettings): CompiledHttp {
    return compileHttp(this.#scheme, settings);
  }

  ready(compiled: CompiledHttp): Readiness {
    const error = compiled.error ?? (compiled.device === undefined ? undefined : deviceProblem(compiled.device));
    return error === undefined ? { method: 'request' } : { method: 'request', error };
  }

  start(target: HttpTarget, deadlineMs: number, done: Done): void {
    if (this.#closed) return;
    const refusal = this.#refusals.before(target, target.compiled.binding);
    if (refusal !== undefined) return done(target, refusal.reason, NaN, refusal.detail);
    const flight: Flight = { deadline: new Deadline(this.#context, deadlineMs), done, secondAttemptMs: undefined };
    const kept = this.#takeKept(target);
    if (kept === undefined) {
      this.#connect(target, flight);
      return;
    }
    this.#context.arm(target.slot, deadlineMs);
    this.#inFlight.set(target.slot, kept);
    kept.again(flight);
  }

  onTimer(target: HttpTarget, readToMs: number): void {
    const connection = this.#inFlight.get(target.slot);
    if (connection === undefined) return;
    const { deadline } = connection.flight;
    if (connection.phase === 'connecting') this.#connectAgain(connection);
    // Only now: what is given back once must hold all that was lost until the deadline.
    else if (connection.phase === 'tls' && readToMs >= deadline.atMs) connection.creditHandshake();
    if (readToMs < deadline.atMs) this.#context.arm(target.slot, deadline.atMs);
    else this.#endBySilence(connection);
  }

  /** All that had arrived by the deadline was read, and the backend had its full time unless the deadline is spent. */
  #endBySilence(connection: Connection): void {
    const { deadline } = connection.flight;
    const reason = connection.timeoutReason();
    const detail = connection.timeoutDetail();
    this.#decides(connection);
    connection.reset();
    const own = this.#refusals.behind(connection.target, connection.target.compiled.binding, reason);
    if (own !== undefined) this.#end(connection, own.reason, NaN, own.detail);
    else if (deadline.isSpent) this.#end(connection, 'checker_late', NaN, deadline.lateDetail);
    else this.#end(connection, reason, NaN, detail);
  }

  cancel(target: HttpTarget): void {
    this.#refusals.forget(target);
    const connection = this.#inFlight.get(target.slot);
    if (connection !== undefined) {
      this.#decides(connection);
      this.#inFlight.delete(target.slot);
      this.#context.disarm(target.slot);
      connection.reset();
    }
    this.#takeKept(target)?.reset();
    // A connection that is still draining could become idle, and be kept for a backend that is no longer probed.
    if (target.compiled.reuse) this.#lingering.resetWhere((lingering) => lingering.target === target);
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#inFlight.values(), ...this.#second.values(), ...this.#kept.values()]) connection.reset();
    this.#inFlight.clear();
    this.#second.clear();
    this.#kept.clear();
    this.#lingering.close();
  }

  // ConnectionOwner

  now(): number {
    return this.#context.now();
  }

  get networkGeneration(): number {
    return this.#context.network.generation;
  }

  connected(connection: Connection): void {
    this.#decides(connection);
  }

  answered(connection: Connection): void {
    const { deadline } = connection.flight;
    const rttMs = this.#context.now() - deadline.startedAtMs;
    // What becomes of the connection comes first: `done` may start the slot's next probe.
    if (connection.phase === 'draining') this.#lingering.add(connection);
    else if (connection.phase === 'idle') this.#keep(connection);
    const { status } = connection.header;
    const { expected } = connection.target.compiled;
    if (expected.accepts(status)) this.#end(connection, 'ok', rttMs, statusText(status));
    else if (status === requestTimeout && connection.reused) this.#retry(connection);
    else if (status === requestTimeout && deadline.wasLate) this.#end(connection, 'checker_late', NaN, `HTTP 408: ${deadline.lateDetail}`);
    else this.#end(connection, 'status_mismatch', rttMs, `HTTP ${status}, expected ${expected.text}`);
  }

  failed(connection: Connection, reason: Reason, detail: string): void {
    this.#decides(connection);
    const own = this.#refusals.behind(connection.target, connection.target.compiled.binding, reason);
    if (own !== undefined) return this.#end(connection, own.reason, NaN, own.detail);
    this.#context.icmp.heardByErrno(connection.target, reason, detail);
    const { deadline } = connection.flight;
    if (connection.reused && connection.header.headerBytes === 0 && closedMeanwhile(reason)) this.#retry(connection);
    // Servers close what a slow client leaves waiting: a checker that was late cannot hold that against the backend.
    else if (evidenceOf(reason) === 'gave_up' && deadline.wasLate)
      this.#end(connection, 'checker_late', NaN, `${reason}: ${deadline.lateDetail}`);
    else this.#end(connection, reason, NaN, detail);
  }

  /**
   * The backend closed an idle connection, silently or with a 408, while the request was on its way: this says nothing
   * about its health. Happens once only, because a new connection is not `reused` (RFC 9112 section 9.3.1, RFC 9110
   * section 15.5.9).
   */
  #retry(connection: Connection): void {
    if (connection.phase !== 'closed') {
      this.#lingering.remove(connection);
      this.#kept.delete(connection.target.slot);
      connection.reset();
    }
    this.#connect(connection.target, connection.flight);
  }

  settled(connection: Connection): void {
    this.#lingering.remove(connection);
    this.#keep(connection);
  }

  gone(connection: Connection): void {
    this.#lingering.remove(connection);
    if (this.#kept.get(connection.target.slot) === connection) this.#kept.delete(connection.target.slot);
  }

  #connect(target: HttpTarget, flight: Flight): void {
    flight.secondAttemptMs = secondAttemptAt(this.#context.now(), flight.deadline.atMs);
    this.#context.arm(target.slot, flight.secondAttemptMs ?? flight.deadline.atMs);
    try {
      this.#inFlight.set(target.slot, new Connection(this, target, flight, this.#transports));
    } catch (error) {
      this.#inFlight.delete(target.slot);
      this.#context.disarm(target.slot);
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      flight.done(target, ownError(code, syscall)?.reason ?? 'checker_resources', NaN, message);
    }
  }

  #connectAgain({ target, flight }: Connection): void {
    if (flight.secondAttemptMs === undefined) return;
    flight.deadline.stepDueAt(flight.secondAttemptMs);
    flight.secondAttemptMs = undefined;
    if (flight.deadline.isSpent) return;
    try {
      this.#second.set(target.slot, new Connection(this, target, flight, this.#transports));
    } catch {
      // The first attempt goes on by itself.
    }
  }

  /** Of two attempts to connect, this one decides the probe; the other one is given up. */
  #decides(connection: Connection): void {
    const { slot } = connection.target;
    const second = this.#second.get(slot);
    if (second === undefined) return;
    this.#second.delete(slot);
    const other = connection === second ? this.#inFlight.get(slot) : second;
    other?.reset();
    this.#inFlight.set(slot, connection);
  }

  /** The probe's only way out to `done`: everything of it is put away before, for `done` may start the next one. */
  #end(connection: Connection, reason: Reason, rttMs: number, detail: string): void {
    const { target, flight } = connection;
    if (this.#inFlight.get(target.slot) !== connection) return;
    this.#inFlight.delete(target.slot);
    this.#context.disarm(target.slot);
    flight.done(target, reason, rttMs, detail);
  }

  #keep(connection: Connection): void {
    const { slot } = connection.target;
    connection.idleSinceMs = this.#context.now();
    this.#kept.get(slot)?.reset();
    this.#kept.set(slot, connection);
  }

  /** The slot's idle connection, if it is this target's own: after a reload the slot may have another backend. */
  #takeKept(target: HttpTarget): Connection | undefined {
    const kept = this.#kept.get(target.slot);
    if (kept === undefined) return undefined;
    this.#kept.delete(target.slot);
    if (kept.target === target && !this.#isCut(kept)) return kept;
    kept.reset();
    return undefined;
  }

  /** Whether an idle connection may have lost this machine's end: its address, or the interface that it was bound to. */
  #isCut({ target, idleSinceMs, networkGeneration }: Connection): boolean {
    const { network } = this.#context;
    if (target.compiled.device !== undefined && networkGeneration !== network.generation) return true;
    return network.addressRemovedAt(target.family) > idleSinceMs;
  }
}

/** The status of a server that waited too long for a request (RFC 9110 section 15.5.9). */
const requestTimeout = 408;

/** Ways in which a kept connection shows that the backend had closed it. */
function closedMeanwhile(reason: Reason): boolean {
  return reason === 'response_closed' || reason === 'connect_reset' || reason === 'send_failed';
}

const statusTexts: string[] = [];

/** `HTTP 200`; made once for each status, for passing probes are the hot path. */
function statusText(status: number): string {
  return (statusTexts[status] ??= `HTTP ${status}`);
}

/**
 * The engine's turns: sleep until the next timer, read what has arrived, fire what is due, sleep again.
 *
 * Each slot has two timers: when its backend is probed next, and the present probe's own (repeat, deadline). Work per
 * turn is bounded, so that answers are read and a burst of due probes cannot outrun them.
 *
 *   probes in flight   [ wheel ] ── first ──────────────────► repeats, deadlines
 *   next probes        [ wheel ] ── with what is left of a turn ──► starts
 *
 * A process that gets too little processor time for all probes finishes those that it has begun, and starts fewer. A late
 * start costs the backend nothing. A late repeat costs it time to answer, and the probe may say nothing in the end.
 */
import type { Cancel, Clock } from '../schedule/clock.js';
import { TimerWheel } from '../schedule/timer-wheel.js';
import { SelfWatch } from './self-watch.js';

/**
 * Turns are at least so far apart. A wake-up costs more than a probe: where many timers are due, those of 4 ms are done
 * in one go, which nobody misses in an interval of seconds; where few are, each has its own millisecond.
 */
const turnMs = { quiet: 1, busy: 4 } as const;
const busyTimersPerMs = 0.5;
/**
 * Timers fired in one turn; when more are due, another turn follows as soon as all sockets were looked at. Answers are
 * read so often that probes which start together do not lengthen each other's round-trip times by milliseconds, and
 * that no socket's buffer overflows.
 */
const timersPerTurn = 32;
/** While probes are in flight the engine wakes at least this often, to notice when it could not. */
const heartbeatMs = 10;
const idleMs = 1000;

export interface LoopEvents {
  /** A backend is to be probed. */
  due(slot: number): void;
  /** The timer that a probe armed. @param readToMs every answer that had arrived by then has been read */
  probeTimer(slot: number, readToMs: number): void;
  /** Reads answers that have arrived. Returns the time up to which all of them have been read; Infinity when none are left. */
  drain(): number;
  /** After each turn: hand on what happened. */
  turned(): void;
  /** Probes in flight now. */
  inFlight(): number;
}

export class EngineLoop {
  /** Whether this process is punctual. */
  readonly watch = new SelfWatch();
  readonly #clock: Clock;
  readonly #events: LoopEvents;
  readonly #starts: TimerWheel;
  readonly #inFlight: TimerWheel;
  #wakeAt = Infinity;
  #cancelSleep: Cancel | undefined;
  #turning = false;
  #stopped = false;
  #turnedAt = -Infinity;
  /** The last turn left timers that are due. */
  #more = false;
  #turnMs: number = turnMs.quiet;
  #fired = 0;
  /** All that had arrived by then has been read. */
  #readToMs = 0;
  /** Whether this turn has read what the engine itself reads. */
  #drained = false;

  constructor(clock: Clock, events: LoopEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#starts = new TimerWheel(clock.now(), 8);
    this.#inFlight = new TimerWheel(clock.now(), 8);
  }

  /** Makes room for slots below `slots`. */
  reserve(slots: number): void {
    this.#starts.reserve(slots);
    this.#inFlight.reserve(slots);
  }

  armDue(slot: number, atMs: number): void {
    this.#arm(this.#starts, slot, atMs);
  }

  disarmDue(slot: number): void {
    this.#starts.disarm(slot);
  }

  armProbe(slot: number, atMs: number): void {
    this.#arm(this.#inFlight, slot, atMs);
  }

  disarmProbe(slot: number): void {
    this.#inFlight.disarm(slot);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelSleep?.();
  }

  #arm(wheel: TimerWheel, slot: number, atMs: number): void {
    wheel.arm(slot, atMs);
    // Within a turn the sleep is computed at its end.
    if (this.#turning || Math.max(atMs, this.#turnedAt + this.#turnMs) >= this.#wakeAt) return;
    // A wake-up that is due already is not put off, however many timers are armed before it comes.
    if (this.#clock.now() < this.#wakeAt) this.#sleep();
  }

  #sleep(): void {
    if (this.#stopped) return;
    this.#cancelSleep?.();
    const now = this.#clock.now();
    const longest = this.#events.inFlight() > 0 ? heartbeatMs : idleMs;
    // What is overdue already was counted as late by the turn that found it so.
    const next = this.#more ? now : Math.max(Math.min(this.#inFlight.nextDueMs(), this.#starts.nextDueMs()), this.#turnedAt + this.#turnMs);
    this.#wakeAt = Math.max(now, Math.min(next, now + longest));
    this.#cancelSleep = this.#clock.after(this.#wakeAt - now, this.#turn);
  }

  /** The longest time that this process has been held up without a pause since then, ms (self-watch.ts). */
  heldUpMs(sinceMs: number): number {
    return this.watch.longestSince(sinceMs, this.#turning ? this.#turnedAt : this.#wakeAt, this.#clock.now());
  }

  readonly #turn = (readToMs: number): void => {
    this.#cancelSleep = undefined;
    const now = this.#clock.now();
    this.watch.woke(this.#wakeAt, now);
    const lastTurnedAt = this.#turnedAt;
    this.#turnedAt = now;
    this.#turning = true;
    this.#drained = false;
    this.#fired = 0;
    this.#readToMs = readToMs;
    // Not up to now: what arrived between reading the sockets and this turn has not been read.
    this.#more = this.#inFlight.advance(readToMs, this.#fireProbe, timersPerTurn);
    this.#more ||= this.#starts.advance(readToMs, this.#fireDue, timersPerTurn - this.#fired);
    // What was put into batches leaves now; near backends have answered by then, which spares a wake-up.
    if (this.#fired > 0) this.#events.drain();
    this.#turnMs = this.#fired >= busyTimersPerMs * (now - lastTurnedAt) ? turnMs.busy : turnMs.quiet;
    this.#turning = false;
    this.#events.turned();
    // A long turn is time in which no answers were read, too.
    this.watch.woke(now, this.#clock.now());
    this.#sleep();
  };

  readonly #fireDue = (slot: number): void => {
    this.#fired++;
    this.#events.due(slot);
  };

  readonly #fireProbe = (slot: number): void => {
    this.#fired++;
    // Before the first timeout of a turn is judged, what has arrived is read (invariant 1).
    if (!this.#drained) {
      this.#drained = true;
      this.#readToMs = Math.min(this.#readToMs, this.#events.drain());
    }
    this.#events.probeTimer(slot, this.#readToMs);
  };
}

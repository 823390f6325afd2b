/**
 * The product, from top to bottom: due → probe → outcome → verdict → table → change.
 *
 * One way, no way back: a probe ends with data, the verdict is a function of data, and the table is written last.
 * Everything here runs on the main thread and per probe, so nothing here makes timers, and objects only for changes.
 */
import { latenessCanCause, outcomeOf, type Reason } from '../health/reasons.js';
import { routing, type RoutableBecause } from '../health/routable.js';
import { next, type State } from '../health/state.js';
import type { Target } from '../probes/probe.js';
import type { Clock } from '../schedule/clock.js';
import { nextAfterCompletion, nextFixedRate } from '../schedule/pacing.js';
import type { Counters } from '../status/counters.js';
import type { Change } from '../status/messages.js';
import type { Revisions } from '../status/revisions.js';
import type { StatusTable } from '../status/table.js';
import type { EngineLoop } from './loop.js';
import { listenerFailsOpen, voteOf, type Backend, type Listener } from './roster.js';
import type { UniqueTarget, UniqueTargets } from './unique-targets.js';

/** What the pipeline works on. */
export interface PipelineParts {
  readonly clock: Clock;
  readonly table: StatusTable;
  readonly revisions: Revisions;
  counters: Counters;
  readonly targets: UniqueTargets;
}

/** The probe that decided a change of state. */
interface Cause {
  readonly reason: Reason;
  readonly detail: string;
  readonly runLength: number;
}

export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #loop: EngineLoop;
  #changes: Change[] = [];
  #inFlight = 0;

  constructor(parts: PipelineParts, loop: EngineLoop) {
    this.#parts = parts;
    this.#loop = loop;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The changes since the last call, oldest first. */
  takeChanges(): Change[] {
    const changes = this.#changes;
    if (changes.length > 0) this.#changes = [];
    return changes;
  }

  /** Counts into another block of memory from now on. */
  countInto(counters: Counters): void {
    this.#parts.counters = counters;
  }

  // due → probe

  due(slot: number): void {
    const unique = this.#parts.targets.at(slot);
    if (unique === undefined) return;
    const { check } = unique;
    const now = this.#parts.clock.now();
    this.#parts.counters.countStartDelay(now - unique.dueMs);
    if (check.pace === 'fixed_rate') this.schedule(unique, nextFixedRate(unique.dueMs, check.intervalMs, now));
    // A probe that outlasts its interval: this start is left out.
    if (unique.inFlight) return;
    unique.inFlight = true;
    this.#inFlight++;
    unique.heldUpAtStartMs = this.#loop.watch.heldUpMs;
    unique.probe.start(unique.target, now + check.timeoutMs, this.#ended);
  }

  schedule(unique: UniqueTarget, dueMs: number): void {
    unique.dueMs = dueMs;
    this.#loop.armDue(unique.target.slot, dueMs);
  }

  probeTimer(slot: number): void {
    const unique = this.#parts.targets.at(slot);
    if (unique !== undefined) unique.probe.onTimer(unique.target);
  }

  /** Takes leave of what was probed for a backend; for the last one that shares it, all that is held for it is let go. */
  leaveTarget(backend: Backend): void {
    const { unique, listener } = backend;
    if (unique === undefined) return;
    backend.unique = undefined;
    if (unique.inFlight) this.#parts.counters.countProbe(listener.row, 'canceled', NaN);
    if (!this.#parts.targets.leave(backend, unique)) return;
    this.#loop.disarmDue(unique.target.slot);
    unique.probe.cancel(unique.target);
    if (unique.inFlight) this.#inFlight--;
    unique.inFlight = false;
  }

  // probe → outcome → verdict → table

  readonly #ended = (target: Target, reason: Reason, rttMs: number, detail: string): void => {
    const unique = this.#parts.targets.at(target.slot);
    if (unique?.target !== target || !unique.inFlight) return;
    unique.inFlight = false;
    this.#inFlight--;
    const { check } = unique;
    if (check.pace === 'after_completion') this.schedule(unique, nextAfterCompletion(this.#parts.clock.now(), check.intervalMs));
    if (latenessCanCause(reason) && this.#loop.watch.spoilt(unique.heldUpAtStartMs, check.timeoutMs)) {
      this.#judgeAll(unique, 'checker_late', NaN, this.#lateDetail(unique, reason));
    } else {
      this.#judgeAll(unique, reason, rttMs, detail);
    }
  };

  #lateDetail(unique: UniqueTarget, reason: Reason): string {
    const lostMs = this.#loop.watch.heldUpMs - unique.heldUpAtStartMs;
    return `this process was held up for ${lostMs.toFixed(0)} ms during the probe; ${reason} may be its own fault`;
  }

  /** One probe, a verdict for each backend that rests on it. */
  #judgeAll({ backends }: UniqueTarget, reason: Reason, rttMs: number, detail: string): void {
    for (const backend of backends) this.#judge(backend, reason, rttMs, detail);
  }

  #judge(backend: Backend, reason: Reason, rttMs: number, detail: string): void {
    const { listener, verdict, slot } = backend;
    const { table, counters, clock } = this.#parts;
    const before = verdict.state;
    const transition = next(verdict, outcomeOf(reason), listener.thresholds);
    const at = clock.wallNow();
    counters.countProbe(listener.row, reason, rttMs);
    table.recordProbe(slot, at, reason, rttMs, detail, verdict.run.outcome, verdict.run.length);
    if (transition === 'changed') this.#changeState(backend, before, at, { reason, detail, runLength: verdict.run.length });
  }

  // table → change

  #changeState(backend: Backend, before: State, at: number, cause?: Cause): void {
    this.#parts.table.recordState(backend.slot, backend.verdict.state, at);
    const flipped = this.#countVote(backend);
    this.route(backend);
    this.change(backend, 'state', at, before, cause);
    if (flipped) this.rerouteAll(backend.listener, at);
  }

  /** Takes note of a backend's say in failing open. Returns true when its listener fails open now and did not, or the reverse. */
  #countVote(backend: Backend): boolean {
    const { listener } = backend;
    const before = listenerFailsOpen(listener);
    listener.votes[backend.vote]--;
    backend.vote = voteOf(backend);
    listener.votes[backend.vote]++;
    return listenerFailsOpen(listener) !== before;
  }

  /** Sets a state that no verdict led to: a check that was switched on or off. */
  setState(backend: Backend, state: State): void {
    const before = backend.verdict.state;
    const at = this.#parts.clock.wallNow();
    backend.verdict.state = state;
    this.#changeState(backend, before, at);
  }

  /** A backend that is new: its vote, its routing, its first revision. */
  join(backend: Backend, at: number): void {
    const { listener } = backend;
    const before = listenerFailsOpen(listener);
    backend.vote = voteOf(backend);
    listener.votes[backend.vote]++;
    this.route(backend);
    this.change(backend, 'added', at, backend.verdict.state);
    if (listenerFailsOpen(listener) !== before) this.rerouteAll(listener, at);
  }

  /** A backend that is gone, already taken out of its listener. */
  leave(backend: Backend, at: number): void {
    const { listener } = backend;
    const before = listenerFailsOpen(listener);
    listener.votes[backend.vote]--;
    this.change(backend, 'removed', at, backend.verdict.state);
    if (listenerFailsOpen(listener) !== before) this.rerouteAll(listener, at);
  }

  /** Brings a backend's vote and routing up to date after its weight or its listener's policy changed; others follow. */
  reroute(backend: Backend, at: number): void {
    if (this.#countVote(backend)) this.rerouteAll(backend.listener, at);
  }

  /** Writes the routing of all backends of a listener, with a change for each that differs. */
  rerouteAll(listener: Listener, at: number): void {
    for (const backend of listener.backends.values()) {
      if (this.route(backend)) this.change(backend, 'routing', at, backend.verdict.state);
    }
  }

  /** Writes a backend's routing. Returns true when it differs from before. */
  route(backend: Backend): boolean {
    const { routable, because } = this.#routing(backend);
    if (this.#parts.table.routingIs(backend.slot, routable, because)) return false;
    this.#parts.table.recordRouting(backend.slot, routable, because);
    return true;
  }

  #routing(backend: Backend): { routable: boolean; because: RoutableBecause } {
    const view = { state: backend.verdict.state, weight: backend.plan.weight, admin: 'none' } as const;
    return routing(view, backend.listener.policy, listenerFailsOpen(backend.listener));
  }

  /** Gives a backend's change its revision and hands it on. The table is up to date by then. */
  change(backend: Backend, what: Change['what'], at: number, from: State, cause?: Cause): void {
    const revision = this.#parts.revisions.next();
    if (what !== 'removed') this.#parts.table.recordRevision(backend.slot, revision);
    const { routable, because } = this.#routing(backend);
    this.#changes.push({
      revision,
      slot: backend.slot,
      listener: backend.listener.name,
      backend: backend.id,
      what,
      at,
      from,
      to: backend.verdict.state,
      routable,
      because,
      ...cause,
    });
  }
}

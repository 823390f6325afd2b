/**
 * The product, from top to bottom: due → probe → outcome → verdict → table → change.
 *
 * One way, no way back: a probe ends with data, the verdict is a function of data, and the table is written last.
 * Everything here runs on the main thread and per probe, so nothing here makes timers, and objects only for changes.
 */
import { evidenceOf, outcomeOf, type Reason } from '../health/reasons.js';
import { routing, type Admin, type Routing } from '../health/routable.js';
import { next, type State } from '../health/state.js';
import type { IcmpErrors } from '../probes/icmp-errors.js';
import type { Target } from '../probes/probe.js';
import type { Clock } from '../schedule/clock.js';
import { nextAfterCompletion, nextFixedRate, onGrid } from '../schedule/pacing.js';
import type { Counters } from '../status/counters.js';
import type { Change } from '../messages.js';
import type { Revisions } from '../status/revisions.js';
import type { StatusTable } from '../status/table.js';
import { CutOff } from './cut-off.js';
import type { EngineLoop } from './loop.js';
import type { OwnNetwork } from './own-network.js';
import { idOf, staleAfterMs, votedToFailOpen, voteOf } from './roster.js';
import type { UniqueTargets } from './unique-targets.js';
import type { Backend, Listener, UniqueTarget } from './records.js';

/** What the pipeline works on. */
export interface PipelineParts {
  readonly clock: Clock;
  readonly table: StatusTable;
  readonly revisions: Revisions;
  counters: Counters;
  readonly targets: UniqueTargets;
  readonly network: OwnNetwork;
  /** What ICMP errors said of targets lately. */
  readonly icmp: IcmpErrors;
}

/** A probe that said nothing because the checker was late is repeated at once, at most so often for each scheduled one. */
const mostRepeats = 3;

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
  #announces = false;
  #inFlight = 0;
  readonly #cutOff: CutOff;

  constructor(parts: PipelineParts, loop: EngineLoop) {
    this.#parts = parts;
    this.#loop = loop;
    this.#cutOff = new CutOff(parts.clock, parts.network, (unique) => this.#repeat(unique));
  }

  /** Makes nothing due any more. */
  stop(): void {
    this.#cutOff.close();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Makes a {@link Change} of each change from now on. Before the first plan is in force nobody wants to hear of them. */
  announce(): void {
    this.#announces = true;
  }

  /** Changes that were not yet taken, oldest first. @param most how many at most */
  takeChanges(most: number): Change[] {
    if (this.#changes.length > most) return this.#changes.splice(0, most);
    const changes = this.#changes;
    if (changes.length > 0) this.#changes = [];
    return changes;
  }

  /** The oldest change that was not yet taken. */
  get nextChange(): Change | undefined {
    return this.#changes[0];
  }

  /** Counts into another block of memory from now on. */
  countInto(counters: Counters): void {
    this.#parts.counters = counters;
  }

  // due → probe

  due(slot: number): void {
    const unique = this.#parts.targets.at(slot);
    if (unique === undefined) return;
    const now = this.#parts.clock.now();
    this.#scheduleNext(unique, now);
    // A probe that outlasts its interval: this start is left out.
    if (unique.inFlight) return;
    unique.inFlight = true;
    this.#inFlight++;
    unique.startedMs = now;
    const fault = this.#parts.network.blocks(unique);
    if (fault !== undefined) this.#ended(unique, fault.reason, NaN, fault.detail);
    else unique.way.probe.start(unique, now + unique.way.check.timeoutMs, this.#ended);
  }

  /** A repeat comes beside the schedule, and leaves it as it is. */
  #scheduleNext(unique: UniqueTarget, now: number): void {
    const { check } = unique.way;
    const isRepeat = unique.isRepeating;
    unique.isRepeating = false;
    if (!isRepeat) {
      unique.repeats = 0;
      this.#parts.counters.countStartDelay(now - unique.dueMs);
    }
    if (check.pace !== 'fixed_rate') return;
    if (isRepeat && unique.dueMs > now) this.schedule(unique, unique.dueMs);
    else this.schedule(unique, nextFixedRate(unique.dueMs, check.intervalMs, now));
  }

  /** @param wakeMs when it is looked at: not in the past, where the due time may be */
  schedule(unique: UniqueTarget, dueMs: number, wakeMs = dueMs): void {
    unique.dueMs = dueMs;
    this.#loop.armDue(unique.slot, wakeMs);
  }

  /** Makes the next probe due at once; one that is in flight already counts as that. */
  probeSoon(unique: UniqueTarget): void {
    const soonMs = onGrid(this.#parts.clock.now());
    if (!unique.inFlight && unique.dueMs > soonMs) this.schedule(unique, soonMs);
  }

  /** Probes once more as soon as possible; the wheel spreads many of them over its turns. */
  #repeat(unique: UniqueTarget): void {
    if (unique.inFlight) return;
    unique.isRepeating = true;
    this.#loop.armDue(unique.slot, this.#parts.clock.now());
  }

  probeTimer(slot: number, readToMs: number): void {
    const unique = this.#parts.targets.at(slot);
    if (unique !== undefined) unique.way.probe.onTimer(unique, readToMs);
  }

  /** Takes leave of what was probed for a backend; for the last one that shares it, all that is held for it is let go. */
  leaveTarget(backend: Backend): void {
    const { unique, terms } = backend;
    if (unique === undefined) return;
    backend.unique = undefined;
    if (unique.inFlight) this.#parts.counters.countProbe(terms.listener.row, 'canceled', NaN);
    if (!this.#parts.targets.leave(backend, unique)) return;
    this.#loop.disarmDue(unique.slot);
    this.#cutOff.remove(unique);
    unique.way.probe.cancel(unique);
    this.#parts.icmp.forget(unique);
    if (unique.inFlight) this.#inFlight--;
    unique.inFlight = false;
  }

  // probe → outcome → verdict → table

  readonly #ended = (target: Target, reason: Reason, rttMs: number, detail: string): void => {
    const unique = this.#parts.targets.at(target.slot);
    if (unique !== target || !unique.inFlight) return;
    unique.inFlight = false;
    this.#inFlight--;
    const { check } = unique.way;
    if (check.pace === 'after_completion') this.schedule(unique, nextAfterCompletion(this.#parts.clock.now(), check.intervalMs));
    const fault = this.#parts.network.explains(unique, reason, rttMs);
    if (fault !== undefined) this.#endedByOwnFault(unique, fault.reason, fault.detail);
    else if (evidenceOf(reason) === 'silence' && this.#loop.watch.stoppedSince(unique.startedMs, check.timeoutMs)) {
      this.#endedByOwnFault(unique, 'checker_late', `this checker was stopped for longer than the timeout; ${reason} may be its own fault`);
    } else if (outcomeOf(reason) === 'indeterminate') this.#endedByOwnFault(unique, reason, detail);
    else this.#endedConclusively(unique, reason, rttMs, detail);
  };

  #endedConclusively(unique: UniqueTarget, reason: Reason, rttMs: number, detail: string): void {
    unique.conclusiveMs = this.#parts.clock.now();
    unique.inconclusive = 0;
    this.#cutOff.remove(unique);
    const { network, icmp } = this.#parts;
    if (outcomeOf(reason) === 'pass') {
      network.reached(unique);
      icmp.forget(unique);
      this.#judgeAll(unique, reason, rttMs, detail);
    } else this.#judgeAll(unique, reason, rttMs, icmp.explain(unique, reason, detail));
    for (let backend = unique.first; backend !== undefined; backend = backend.nextSharing) {
      if (backend.stale) this.setStale(backend, false);
    }
  }

  /** The probe said nothing about the backend. It is repeated as soon as it can say something. */
  #endedByOwnFault(unique: UniqueTarget, reason: Reason, detail: string): void {
    this.#judgeAll(unique, reason, NaN, detail);
    this.#markStale(unique);
    if (reason === 'checker_source_missing' || reason === 'checker_offline') this.#cutOff.add(unique);
    else if (reason === 'checker_late' && unique.repeats < mostRepeats) {
      unique.repeats++;
      this.#repeat(unique);
    }
  }

  /**
   * A run of probes that say nothing is bounded: after that, readers learn that the verdict is old. One such probe is not
   * a run: after a stop of the process the next one may already say more.
   */
  #markStale(unique: UniqueTarget): void {
    unique.inconclusive++;
    if (unique.inconclusive < 2) return;
    const silentMs = this.#parts.clock.now() - unique.conclusiveMs;
    for (let backend = unique.first; backend !== undefined; backend = backend.nextSharing) {
      if (!backend.stale && silentMs > staleAfterMs(backend.terms.check)) this.setStale(backend, true);
    }
  }

  /** Sets whether a backend's verdict is stale. */
  setStale(backend: Backend, stale: boolean): void {
    backend.stale = stale;
    this.#parts.table.recordStale(backend.slot, stale);
    this.#change(backend, 'stale', this.#parts.clock.wallNow(), backend.state);
  }

  /** One probe, a verdict for each backend that rests on it. */
  #judgeAll({ first }: UniqueTarget, reason: Reason, rttMs: number, detail: string): void {
    for (let backend = first; backend !== undefined; backend = backend.nextSharing) this.#judge(backend, reason, rttMs, detail);
  }

  #judge(backend: Backend, reason: Reason, rttMs: number, detail: string): void {
    const { terms, slot } = backend;
    const { table, counters, clock } = this.#parts;
    const before = backend.state;
    const transition = next(backend, outcomeOf(reason), terms.thresholds);
    const at = clock.wallNow();
    counters.countProbe(terms.listener.row, reason, rttMs);
    table.recordProbe(slot, at, reason, rttMs, detail, backend.runOutcome, backend.runLength);
    if (transition === 'changed') this.#changeState(backend, before, at, { reason, detail, runLength: backend.runLength });
  }

  // table → change

  #changeState(backend: Backend, before: State, at: number, cause?: Cause): void {
    const { listener } = backend.terms;
    this.#parts.table.recordState(backend.slot, backend.state, at);
    this.#countVote(backend);
    const flipped = this.decideFailOpen(listener);
    this.#route(backend);
    this.#change(backend, 'state', at, before, cause);
    if (flipped) this.#rerouteAll(listener, at);
  }

  /** Takes note of a backend's say in failing open. */
  #countVote(backend: Backend): void {
    const { votes } = backend.terms.listener;
    votes[backend.vote]--;
    backend.vote = voteOf(backend);
    votes[backend.vote]++;
  }

  /** Returns true when a listener fails open from now on and did not, or the reverse: its backends are to be rerouted. */
  decideFailOpen(listener: Listener): boolean {
    const failsOpen = listener.inFlux ? listener.failsOpen : votedToFailOpen(listener);
    if (failsOpen === listener.failsOpen) return false;
    listener.failsOpen = failsOpen;
    return true;
  }

  /** Sets a state that no verdict led to: a check that was switched on or off. */
  setState(backend: Backend, state: State): void {
    const before = backend.state;
    backend.state = state;
    this.#changeState(backend, before, this.#parts.clock.wallNow());
  }

  /** A backend that is new in a listener in flux: its vote, its routing, its first revision. */
  join(backend: Backend, at: number): void {
    backend.vote = voteOf(backend);
    backend.terms.listener.votes[backend.vote]++;
    this.#parts.table.recordWeight(backend.slot, backend.weight);
    this.#route(backend);
    this.#change(backend, 'added', at, backend.state);
  }

  /** A backend that goes, of a listener in flux. */
  leave(backend: Backend, at: number): void {
    backend.terms.listener.votes[backend.vote]--;
    this.#change(backend, 'removed', at, backend.state);
  }

  /** Another weight. In a listener in flux, whether that fails open is decided later. */
  setWeight(backend: Backend, weight: number, at: number): void {
    backend.weight = weight;
    this.#parts.table.recordWeight(backend.slot, weight);
    this.#steer(backend, 'weight', at);
  }

  /** What an operator says of a backend from now on. */
  setAdmin(backend: Backend, admin: Admin, at: number): void {
    backend.admin = admin;
    this.#steer(backend, 'routing', at);
  }

  /** Its vote and its routing, after something else than a probe changed them. */
  #steer(backend: Backend, what: 'weight' | 'routing', at: number): void {
    const { listener } = backend.terms;
    this.#countVote(backend);
    const flipped = this.decideFailOpen(listener);
    this.#route(backend);
    this.#change(backend, what, at, backend.state);
    if (flipped) this.#rerouteAll(listener, at);
  }

  #rerouteAll(listener: Listener, at: number): void {
    for (const backend of listener.backends) this.reroute(backend, at);
  }

  /** Brings a backend's routing up to date after its listener's policy changed, or whether that fails open. */
  reroute(backend: Backend, at: number): void {
    if (this.#route(backend)) this.#change(backend, 'routing', at, backend.state);
  }

  /** Writes a backend's routing. Returns true when it differs from before. */
  #route(backend: Backend): boolean {
    const { routable, because } = this.#routing(backend);
    if (this.#parts.table.routingIs(backend.slot, routable, because)) return false;
    this.#parts.table.recordRouting(backend.slot, routable, because);
    return true;
  }

  #routing(backend: Backend): Routing {
    const { policy, failsOpen } = backend.terms.listener;
    return routing(backend, policy, failsOpen);
  }

  /** Gives a backend's change its revision and notes it. The table is up to date by then. */
  #change(backend: Backend, what: Change['what'], at: number, from: State, cause?: Cause): void {
    const { slot, state, stale } = backend;
    const revision = this.#parts.revisions.next();
    if (what !== 'removed') this.#parts.table.recordRevision(slot, revision);
    if (!this.#announces) return;
    const listener = backend.terms.listener.name;
    const { routable, because } = this.#routing(backend);
    this.#changes.push({ revision, slot, listener, backend: idOf(backend), what, at, from, to: state, routable, because, stale, ...cause });
  }
}

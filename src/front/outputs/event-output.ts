/**
 * An output that hands on events by batches: one batch at a time, tried again until it is taken, each backend's events in
 * order. How a batch is handed over is the kind's own.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../messages.js';
import { Cycle, RunFailure } from '../retry/cycle.js';
import type { Output, OutputContext, OutputState } from './output.js';
import type { EventKind } from './output-event.js';
import { WaitingEvents, type EventPage } from './waiting-events.js';

export interface EventBatch {
  /** The same for the same events, so that who gets them twice can tell. */
  readonly id: string;
  /** JSON; its form is told in docs/outputs/webhook.md. */
  readonly body: string;
}

export interface EventOutputOptions {
  readonly context: OutputContext;
  readonly wanted: ReadonlySet<EventKind>;
  /** Tells at the start how all backends are that have a verdict. */
  readonly presentAtStart: boolean;
  readonly batchSize: number;
  readonly batchIntervalMs: number;
  /** The longest that `deliver` takes. */
  readonly limitMs: number;
  /**
   * Hands over one batch.
   * @throws BatchRefused where to try again is of little use; Error otherwise. The message is for people, without secrets.
   */
  deliver(batch: EventBatch, signal: AbortSignal): Promise<void>;
  close?(): void;
  /** See {@link CycleOptions}. */
  readonly firstBackoffMs?: number;
}

/** The other side answered that it does not want the batch. It gets a few chances more, for who is at work on it. */
export class BatchRefused extends Error {}

/** Attempts until a batch that is refused is left out. With the pauses between them it takes some 10 s. */
const mostRefusals = 5;
/** What is left after so long is the next run's. */
const runMs = 10_000;
const slackMs = 5000;
const closeMs = 900;

export class EventOutput implements Output {
  readonly #options: EventOutputOptions;
  readonly #waiting: WaitingEvents;
  readonly #cycle: Cycle;
  #started = false;
  /** The run before may still have to end a program. */
  #before: Promise<unknown> = Promise.resolve();
  #isDelivering = false;
  #refusals = 0;
  #delivered = 0;
  #leftOut = 0;

  constructor(options: EventOutputOptions) {
    const { context, wanted, batchIntervalMs, limitMs, firstBackoffMs } = options;
    this.#options = options;
    this.#waiting = new WaitingEvents({ view: context.view, wanted, since: context.since });
    this.#cycle = new Cycle({
      run: (signal) => this.#run(signal),
      minIntervalMs: batchIntervalMs,
      limitMs: runMs + limitMs + slackMs,
      ...(firstBackoffMs !== undefined && { firstBackoffMs }),
      onFailing: (problem) => context.log.warn({ problem }, `events are not taken: ${problem}`),
      onRecovered: () => context.log.info({}, 'events are taken again'),
    });
  }

  start(): void {
    this.#started = true;
    if (this.#options.presentAtStart) this.#waiting.addAll();
    if (!this.#waiting.isEmpty) this.#cycle.wake();
  }

  changed(changes: readonly Change[]): void {
    this.#waiting.add(changes);
    if (this.#started && !this.#waiting.isEmpty) this.#cycle.wake();
  }

  state(): OutputState {
    const { state } = this.#cycle;
    // Looking for something to deliver is no attempt: it is idle, not starting, until there is an event.
    const isIdle = state.state === 'starting' && !this.#isDelivering && this.#waiting.count === 0;
    return {
      ...state,
      ...(isIdle && { state: 'idle' }),
      revision: state.lastSuccessAt === undefined && !isIdle ? undefined : this.#waiting.toldUpTo,
      details: {
        waiting_events: this.#waiting.count ?? null,
        catching_up_by_state: this.#waiting.count === undefined,
        delivered_events: this.#delivered,
        left_out_events: this.#leftOut,
      },
    };
  }

  async close(): Promise<void> {
    await this.#cycle.close();
    // A program that is still to be ended would outlive this process.
    await Promise.race([this.#before, sleep(closeMs, undefined, { ref: false })]);
    this.#options.close?.();
    if (this.#waiting.isEmpty) return;
    const waiting = this.#waiting.count;
    this.#options.context.log.warn({ waiting_events: waiting }, 'closed before all events were delivered');
  }

  #run(signal: AbortSignal): Promise<'counted'> {
    const running = this.#before.then(() => this.#deliverAll(signal));
    this.#before = running.catch(() => undefined);
    return running;
  }

  async #deliverAll(signal: AbortSignal): Promise<'counted'> {
    const endAt = performance.now() + runMs;
    for (;;) {
      signal.throwIfAborted();
      const page = this.#waiting.take(this.#options.batchSize);
      if (page === undefined) break;
      if (page.events.length === 0) await nextTurn();
      else await this.#deliver(page, signal);
      this.#waiting.delivered();
      // Each batch counts: while events come faster than they are taken, the run does not end.
      if (page.events.length > 0) this.#cycle.succeeded(this.#waiting.toldUpTo);
      if (performance.now() < endAt) continue;
      if (!this.#waiting.isEmpty) this.#cycle.wake();
      break;
    }
    return 'counted';
  }

  async #deliver(page: EventPage, signal: AbortSignal): Promise<void> {
    this.#isDelivering = true;
    try {
      await this.#options.deliver(this.#batchOf(page), signal);
    } catch (error) {
      if (error instanceof BatchRefused && ++this.#refusals >= mostRefusals) throw this.#leaveOut(page, error);
      this.#waiting.failed();
      throw error;
    } finally {
      this.#isDelivering = false;
    }
    this.#refusals = 0;
    this.#delivered += page.events.length;
  }

  #leaveOut({ events }: EventPage, { message }: BatchRefused): RunFailure {
    this.#refusals = 0;
    this.#leftOut += events.length;
    this.#waiting.delivered();
    if (!this.#waiting.isEmpty) this.#cycle.wake();
    const { log } = this.#options.context;
    log.error(
      { problem: message, left_out_events: events.length },
      `${events.length} events were refused ${mostRefusals} times, and are left out`,
    );
    return new RunFailure(message, 'until_woken');
  }

  #batchOf({ events, isIncomplete }: EventPage): EventBatch {
    const { view, version } = this.#options.context;
    const { checker, epoch } = view;
    const id = createHash('sha256')
      .update(JSON.stringify([checker, epoch, events]))
      .digest('hex')
      .slice(0, 32);
    const revision = events.reduce((newest, event) => Math.max(newest, event.revision), 0);
    return { id, body: JSON.stringify({ id, vitald: version, checker, epoch, revision, incomplete: isIncomplete, events }) };
  }
}

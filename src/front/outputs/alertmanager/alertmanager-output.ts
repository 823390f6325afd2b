/**
 * Keeps the alerts of one Alertmanager as the backends are: tells of each that becomes unhealthy or stops being so, and
 * repeats all that are unhealthy, because Alertmanager forgets what is not repeated (and all of it when it restarts).
 *
 *   changes ──► #due (names) ──► looked up now ──► posted by hundreds ──► #firing (names)
 *                  ▲                                                         │
 *                  └───────────────── every repeat interval ─────────────────┘
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { backendKey } from '../../view/change-log.js';
import type { Change } from '../../../messages.js';
import { Cycle } from '../../retry/cycle.js';
import type { HttpPoster } from '../http-poster.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { firing, resolved, shouldFire, type Alert, type AlertSettings } from './alerts.js';

export interface AlertmanagerOutputOptions {
  readonly context: OutputContext;
  readonly poster: HttpPoster;
  readonly settings: Omit<AlertSettings, 'checker'>;
  readonly repeatMs: number;
}

interface Name {
  readonly listener: string;
  readonly backend: string;
}

/** Alerts in a request: some milliseconds of work, and some hundred kilobytes. */
const batchSize = 200;
/** Backends that are looked at in one turn of the event loop. */
const mostLookedAt = 500;
/** Changes within this time go out together. */
const minIntervalMs = 1000;
/**
 * An alert that was not repeated for so many intervals ends by itself: then vitald has stopped, or cannot reach
 * Alertmanager. Prometheus does the same, with the same number.
 */
const intervalsToEnd = 4;
/** What is left after this time is posted by the next run. */
const runMs = 10_000;
/** The first run also looks at all backends, and a request may take its whole timeout, a minute at most. */
const runLimitMs = 2 * 60_000;

export class AlertmanagerOutput implements Output {
  readonly #options: AlertmanagerOutputOptions;
  readonly #cycle: Cycle;
  /** Backends of which something may have to be told: no more than a name, for the rest is looked up when it is told. */
  readonly #due = new Map<string, Name>();
  /** What Alertmanager believes to be unhealthy. */
  readonly #firing = new Map<string, Name>();
  #timer: NodeJS.Timeout | undefined;
  /** The next run looks at all backends, whatever changed. */
  #isNew = true;
  #repeatIsDue = false;
  #isPosting = false;
  #posted = 0;

  constructor(options: AlertmanagerOutputOptions) {
    const { log } = options.context;
    this.#options = options;
    this.#cycle = new Cycle({
      run: (signal) => this.#run(signal),
      minIntervalMs,
      limitMs: runLimitMs,
      onFailing: (problem) => log.warn({ problem }, `alerts are not taken: ${problem}`),
      onRecovered: () => log.info({}, 'alerts are taken again'),
    });
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#repeatIsDue = true;
      this.#cycle.wake();
    }, this.#options.repeatMs);
    this.#cycle.wake();
  }

  changed(changes: readonly Change[]): void {
    for (const change of changes) if (this.#concerns(change)) this.#addDue(change);
    if (this.#timer !== undefined && this.#due.size > 0) this.#cycle.wake();
  }

  state(): OutputState {
    const { state } = this.#cycle;
    // Without an alert nothing is posted, so it is unknown whether Alertmanager would accept one.
    const isDone = !this.#isNew && !this.#isPosting && this.#due.size === 0;
    return {
      ...state,
      ...(isDone && state.state === 'starting' && { state: 'idle' }),
      // Most changes concern no alert, and cause no run.
      ...(isDone && state.state !== 'failing' && { revision: this.#options.context.view.revision }),
      details: { firing_alerts: this.#firing.size, waiting_alerts: this.#due.size, posted_alerts: this.#posted },
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cycle.close();
    this.#options.poster.close();
  }

  /** Backends that were and are well are left out: their first verdicts alone would be 100,000 alerts. */
  #concerns({ from, to, listener, backend }: Change): boolean {
    return from === 'unhealthy' || to === 'unhealthy' || this.#firing.has(backendKey(listener, backend));
  }

  #addDue({ listener, backend }: Name): void {
    this.#due.set(backendKey(listener, backend), { listener, backend });
  }

  async #run(signal: AbortSignal): Promise<'counted'> {
    if (this.#isNew) await this.#lookAtAll(signal);
    this.#isNew = false;
    if (this.#repeatIsDue || this.#cycle.state.state === 'failing') for (const name of this.#firing.values()) this.#addDue(name);
    this.#repeatIsDue = false;
    const endAt = performance.now() + runMs;
    for (;;) {
      const { revision } = this.#options.context.view;
      const names = this.#takeDue();
      if (names.length === 0) break;
      await this.#tell(names, signal);
      // Each request counts: while alerts come faster than they are taken, the run does not end.
      this.#cycle.succeeded(this.#due.size === 0 ? revision : this.#cycle.state.revision);
      if (performance.now() < endAt) continue;
      this.#cycle.wake();
      break;
    }
    return 'counted';
  }

  async #lookAtAll(signal: AbortSignal): Promise<void> {
    const { view } = this.#options.context;
    const slots = view.allSlots();
    for (let next = 0; next < slots.length; next += mostLookedAt) {
      for (const slot of slots.slice(next, next + mostLookedAt)) {
        const backend = view.at(slot);
        if (backend !== undefined && shouldFire(backend)) this.#addDue(backend);
      }
      await nextTurn();
      signal.throwIfAborted();
    }
  }

  #takeDue(): Name[] {
    const names: Name[] = [];
    for (const [key, name] of this.#due) {
      if (names.length === batchSize) break;
      names.push(name);
      this.#due.delete(key);
    }
    return names;
  }

  async #tell(names: readonly Name[], signal: AbortSignal): Promise<void> {
    const { poster } = this.#options;
    const now = Date.now();
    const alerts = names.map((name) => ({ name, ...this.#alertOf(name, now) }));
    this.#isPosting = true;
    try {
      await poster.post(JSON.stringify(alerts.map(({ alert }) => alert)), {}, signal);
    } catch (error) {
      for (const name of names) this.#addDue(name);
      throw error;
    } finally {
      this.#isPosting = false;
    }
    this.#posted += names.length;
    for (const { name, isFiring } of alerts) {
      const key = backendKey(name.listener, name.backend);
      if (isFiring) this.#firing.set(key, name);
      else this.#firing.delete(key);
    }
  }

  #alertOf({ listener, backend }: Name, now: number): { readonly alert: Alert; readonly isFiring: boolean } {
    const { context, repeatMs, settings } = this.#options;
    const { view } = context;
    const found = view.backend(listener, backend);
    const all = { ...settings, checker: view.checker };
    if (found === undefined || !shouldFire(found)) return { alert: resolved(listener, backend, now, all), isFiring: false };
    const until = { now, endsAt: now + intervalsToEnd * repeatMs };
    return { alert: firing(found, view.lastProbe(listener, backend), until, all), isFiring: true };
  }
}

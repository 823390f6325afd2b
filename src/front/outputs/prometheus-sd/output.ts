import { Asked } from '../asked.js';
import { AskedListeners } from '../asked-listeners.js';
import type { BackendsView } from '../backends-view.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import type { Change } from '../../../messages.js';
import { ToldProblems } from '../told-problems.js';

const lookMs = 1000;
/** `refresh_interval` of Prometheus is a minute by default. */
const defaultWindowMs = 90_000;
const mostShown = 5;

/** Prometheus asks, and is told what is there. */
export class PrometheusSdOutput implements Output {
  readonly view: BackendsView;
  readonly onlyRoutable: boolean;
  readonly asked = new Asked();
  readonly #listeners: AskedListeners;
  readonly #problems: ToldProblems;
  #timer: NodeJS.Timeout | undefined;

  /** @param windowMs how long a listener may go without a request */
  constructor({ view, options, log }: Pick<OutputContext, 'view' | 'options' | 'log'>, windowMs = defaultWindowMs) {
    this.view = view;
    this.onlyRoutable = options['only'] === 'routable';
    this.#listeners = new AskedListeners({ view, only: options['listeners'] as readonly string[] | undefined, windowMs });
    this.#problems = new ToldProblems(log, 'Prometheus');
  }

  /** Names of the listeners whose backends are targets. */
  get listeners(): readonly string[] {
    return this.view.listeners.filter((listener) => this.#listeners.has(listener));
  }

  /** True for a listener whose backends are targets. */
  has(listener: string): boolean {
    return this.#listeners.has(listener);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#listeners.look();
      this.#problems.tell(this.state().problem);
    }, lookMs);
    this.#timer.unref();
  }

  changed(changes: readonly Change[]): void {
    this.#listeners.changed(changes);
  }

  /** Takes note of a question. @param listeners that it asks for */
  askedFor(listeners: readonly string[]): void {
    for (const listener of listeners) this.#listeners.asked(listener);
  }

  state(): OutputState {
    return this.asked.state({}, this.#missing());
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  #missing(): string | undefined {
    const { isSilent, listeners } = this.#listeners.missing;
    if (listeners.length === 0) return undefined;
    if (isSilent) return 'Prometheus does not ask any more: is it running, and do its http_sd_configs name this vitald?';
    const left = listeners.length - mostShown;
    const names = `${listeners.slice(0, mostShown).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
    return (
      `Prometheus does not ask for listener ${names}: give its http_sd_configs a url that ends with /v1/sd, or with /v1/sd?listener=${listeners[0]!}; ` +
      'or list under listeners: in this output those that Prometheus scrapes.'
    );
  }
}

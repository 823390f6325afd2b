/** Which backend of vitald a server of HAProxy is. */
import type { BackendsView, OutputBackend } from '../backends-view.js';
import type { HaproxyOptions } from './options.js';

export class ServerNames {
  readonly #view: BackendsView;
  readonly #listeners: ReadonlyMap<string, string>;
  readonly #backends: ReadonlyMap<string, string>;
  /** Listeners of the output; undefined: all. */
  readonly #only: ReadonlySet<string> | undefined;

  constructor(view: BackendsView, { backends = {}, servers = {}, listeners }: HaproxyOptions) {
    this.#view = view;
    this.#listeners = new Map(Object.entries(backends));
    this.#backends = new Map(Object.entries(servers));
    this.#only = listeners && new Set(listeners);
  }

  /** Listeners that HAProxy is expected to follow: all, or those of the option `listeners`. */
  get listeners(): readonly string[] {
    const { listeners } = this.#view;
    return this.#only === undefined ? listeners : listeners.filter((listener) => this.#only!.has(listener));
  }

  /** The listener that a backend of HAProxy stands for; undefined: none of this output. */
  listenerOf(haproxyBackend: string): string | undefined {
    const listener = this.#listeners.get(haproxyBackend) ?? haproxyBackend;
    return this.#isOurs(listener) ? listener : undefined;
  }

  /** Names that a backend of HAProxy may have to stand for a listener. */
  namesFor(listener: string): string[] {
    const mapped = [...this.#listeners].filter(([, to]) => to === listener).map(([name]) => name);
    return mapped.length > 0 ? mapped : [listener];
  }

  /** Backends of HAProxy that the configuration names: they are expected to be there. */
  get named(): string[] {
    return [...this.#listeners.keys()];
  }

  find(haproxyBackend: string, server: string): OutputBackend | undefined {
    const named = this.#backends.get(`${haproxyBackend}/${server}`);
    if (named === undefined) return this.#find(this.#listeners.get(haproxyBackend) ?? haproxyBackend, server);
    const slash = named.indexOf('/');
    return this.#find(named.slice(0, slash), named.slice(slash + 1));
  }

  #find(listener: string, backend: string): OutputBackend | undefined {
    return this.#only?.has(listener) === false ? undefined : this.#view.backend(listener, backend);
  }

  #isOurs(listener: string): boolean {
    return this.#view.hasListener(listener) && this.#only?.has(listener) !== false;
  }
}

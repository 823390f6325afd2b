/** Which backend of vitald a server of HAProxy is. */
import type { BackendsView, OutputBackend } from '../backends-view.js';
import type { HaproxyOptions } from './options.js';

export class ServerNames {
  readonly #view: BackendsView;
  readonly #listeners: ReadonlyMap<string, string>;
  readonly #backends: ReadonlyMap<string, string>;

  constructor(view: BackendsView, { backends = {}, servers = {} }: HaproxyOptions) {
    this.#view = view;
    this.#listeners = new Map(Object.entries(backends));
    this.#backends = new Map(Object.entries(servers));
  }

  /** The listener that a backend of HAProxy stands for, whether there is one or not. */
  listenerOf(haproxyBackend: string): string {
    return this.#listeners.get(haproxyBackend) ?? haproxyBackend;
  }

  /** Backends of HAProxy that the configuration names: they are expected to be there. */
  get named(): Iterable<string> {
    return this.#listeners.keys();
  }

  find(haproxyBackend: string, server: string): OutputBackend | undefined {
    const named = this.#backends.get(`${haproxyBackend}/${server}`);
    if (named === undefined) return this.#view.backend(this.listenerOf(haproxyBackend), server);
    const slash = named.indexOf('/');
    return this.#view.backend(named.slice(0, slash), named.slice(slash + 1));
  }
}

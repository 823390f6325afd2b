/** What Envoy is told, and whether it has it already. */
import { createHash } from 'node:crypto';
import { yamlPair } from '../../../config/yaml-text.js';
import type { Change } from '../../../messages.js';
import { Asked } from '../asked.js';
import { AskedListeners } from '../asked-listeners.js';
import type { BackendsView } from '../backends-view.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { ToldProblems } from '../told-problems.js';
import type { ServedCluster } from './assignments.js';

/** Names in a message; the rest is counted. */
const namesShown = 5;
const nameLength = 60;
const lookMs = 1000;
/** Envoy asks for each cluster every `refresh_delay`, seconds as a rule; a request that is held comes later by that. */
const defaultWindowMs = 30_000;

/** What becomes of the names that a request asks for. */
export interface Resolution {
  readonly served: readonly ServedCluster[];
  /** Why nothing is said of the others: Envoy keeps what it has of them. A sentence; undefined: there are none. */
  readonly problem: string | undefined;
  /** True where some are left out for want of verdicts: soon there will be an answer. */
  readonly unsettled: boolean;
}

export class EnvoyOutput implements Output {
  readonly view: BackendsView;
  readonly asked = new Asked();
  /** How long a request is held at most, ms. */
  readonly holdMs: number;
  /** Requests that are held now. */
  held = 0;
  #lastNode: string | null = null;
  readonly #clusters: ReadonlyMap<string, string>;
  readonly #listeners: AskedListeners;
  readonly #problems: ToldProblems;
  #timer: NodeJS.Timeout | undefined;
  /** Of the last change of each listener that changed since this output began. */
  readonly #changedAt = new Map<string, number>();
  /** The revision at its beginning. */
  #began: number;

  /** @param windowMs how long a listener may go without a request, beside `holdMs` */
  constructor({ view, options, log }: Pick<OutputContext, 'view' | 'options' | 'log'>, holdMs: number, windowMs = defaultWindowMs) {
    this.view = view;
    this.holdMs = holdMs;
    const only = options['listeners'] as readonly string[] | undefined;
    this.#listeners = new AskedListeners({ view, only, windowMs: windowMs + holdMs });
    this.#problems = new ToldProblems(log, 'Envoy');
    this.#clusters = new Map(Object.entries((options['clusters'] ?? {}) as Record<string, string>));
    this.#began = view.revision;
  }

  start(): void {
    this.#began = this.view.revision;
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#timer.unref();
  }

  changed(changes: readonly Change[]): void {
    this.#listeners.changed(changes);
    for (const { listener, revision } of changes) this.#changedAt.set(listener, revision);
    if (this.#changedAt.size <= this.view.listeners.length) return;
    for (const listener of this.#changedAt.keys()) if (!this.view.hasListener(listener)) this.#changedAt.delete(listener);
  }

  /** @param names clusters; none: all there are */
  resolve(names: readonly string[]): Resolution {
    const wanted = names.length > 0 ? new Set(names) : this.#allClusters();
    const served: ServedCluster[] = [];
    const [unknown, empty, unsettled]: [string[], string[], string[]] = [[], [], []];
    for (const cluster of wanted) {
      const listener = this.#listenerOf(cluster);
      if (!this.view.hasListener(listener) || !this.#listeners.has(listener)) unknown.push(cluster);
      else if (this.view.size(listener) === 0) empty.push(listener);
      else if (!this.view.isSettled(listener)) unsettled.push(listener);
      else served.push({ cluster, listener });
    }
    return { served, problem: this.#problemOf(unknown, empty, unsettled), unsettled: unsettled.length > 0 };
  }

  /** Takes note of the clusters that a request asks for. */
  askedFor(names: readonly string[]): void {
    for (const cluster of names.length > 0 ? names : this.#allClusters()) {
      const listener = this.#listenerOf(cluster);
      if (this.view.hasListener(listener)) this.#listeners.asked(listener);
    }
  }

  /**
   * The same text for the same answer, another one for another. It begins with the epoch: Envoy may ask another daemon
   * next, whose revisions can have the same numbers.
   */
  version(served: readonly ServedCluster[]): string {
    const revision = served.reduce((newest, { listener }) => Math.max(newest, this.#changedAt.get(listener) ?? 0), this.#began);
    const what = createHash('sha256').update(JSON.stringify(served)).digest('hex').slice(0, 12);
    return `${this.view.epoch}:${revision}-${what}`;
  }

  /** Takes note of who asks. @param node any text */
  askedBy(node: string): void {
    this.#lastNode = shortened(node);
  }

  state(): OutputState {
    return this.asked.state({ last_asked_by: this.#lastNode, held_requests: this.held }, this.#missing());
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  #look(): void {
    this.#listeners.look();
    this.#problems.tell(this.state().problem);
  }

  /** Those of the configuration, and the listeners that none of them stands for. */
  #allClusters(): Set<string> {
    const taken = new Set(this.#clusters.values());
    const listeners = this.view.listeners.filter((listener) => this.#listeners.has(listener) && !taken.has(listener));
    return new Set([...this.#clusters.keys(), ...listeners]);
  }

  #listenerOf(cluster: string): string {
    return this.#clusters.get(cluster) ?? cluster;
  }

  /** Names that a cluster may have to stand for a listener. */
  #clusterFor(listener: string): string {
    return [...this.#clusters].find(([, to]) => to === listener)?.[0] ?? listener;
  }

  #missing(): string | undefined {
    const { isSilent, listeners } = this.#listeners.missing;
    if (listeners.length === 0) return undefined;
    if (isSilent) return 'Envoy does not ask any more: is it running, and does its eds_config name this vitald?';
    const clusters = listeners.map((listener) => this.#clusterFor(listener));
    return (
      `Envoy does not ask for ${listed(clusters)}, so nothing follows the verdicts of listener ${listed(listeners)}: give it an EDS cluster of that name, ` +
      `map the cluster that it has (clusters: { CLUSTER: ${listeners[0]!} } in this output), or list under listeners: those that Envoy serves.`
    );
  }

  #problemOf(unknown: readonly string[], empty: readonly string[], unsettled: readonly string[]): string | undefined {
    const known = this.view.listeners.filter((listener) => this.#listeners.has(listener));
    const parts = [
      unknown.length > 0 &&
        `Envoy asks for ${listed(unknown)}, and no listener is named so: rename the cluster (or its eds_cluster_config.service_name), ` +
          `or map it in this output: clusters: { ${yamlPair(shortened(unknown[0]!), 'LISTENER')} }. The listeners are ${listed(known)}.`,
      empty.length > 0 && `${listed(empty)} has no backends, so nothing is said of it.`,
      unsettled.length > 0 && `${listed(unsettled)} has too few verdicts yet; until then Envoy keeps what it has.`,
    ].filter((part) => part !== false);
    return parts.length === 0 ? undefined : parts.join(' ');
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map(shortened).join(', ');
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown;
}

function shortened(name: string): string {
  return name.length > nameLength ? `${name.slice(0, nameLength)}…` : name;
}

/** What Envoy is told, and whether it has it already. */
import { createHash } from 'node:crypto';
import type { Change } from '../../../status/messages.js';
import { Asked } from '../asked.js';
import type { BackendsView } from '../backends-view.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import type { ServedCluster } from './assignments.js';

/** Names in a message; the rest is counted. */
const namesShown = 5;
const nameLength = 60;

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
  /** Of the last change of each listener that changed since this output began. */
  readonly #changedAt = new Map<string, number>();
  /** The revision at its beginning. */
  #began: number;

  constructor({ view, options }: Pick<OutputContext, 'view' | 'options'>, holdMs: number) {
    this.view = view;
    this.holdMs = holdMs;
    this.#clusters = new Map(Object.entries((options['clusters'] ?? {}) as Record<string, string>));
    this.#began = view.revision;
  }

  start(): void {
    this.#began = this.view.revision;
  }

  changed(changes: readonly Change[]): void {
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
      const listener = this.#clusters.get(cluster) ?? cluster;
      if (!this.view.hasListener(listener)) unknown.push(cluster);
      else if (this.view.size(listener) === 0) empty.push(listener);
      else if (!this.view.isSettled(listener)) unsettled.push(listener);
      else served.push({ cluster, listener });
    }
    return { served, problem: problemOf(unknown, empty, unsettled), unsettled: unsettled.length > 0 };
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
    return this.asked.state({ last_asked_by: this.#lastNode, held_requests: this.held });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Those of the configuration, and the listeners that none of them stands for. */
  #allClusters(): Set<string> {
    const taken = new Set(this.#clusters.values());
    return new Set([...this.#clusters.keys(), ...this.view.listeners.filter((listener) => !taken.has(listener))]);
  }
}

function problemOf(unknown: readonly string[], empty: readonly string[], unsettled: readonly string[]): string | undefined {
  const parts = [
    unknown.length > 0 &&
      `Envoy asks for ${listed(unknown)}, and no listener is named so: rename the cluster (or its eds_cluster_config.service_name), or map it with the option clusters.`,
    empty.length > 0 && `${listed(empty)} has no backends, so nothing is said of it.`,
    unsettled.length > 0 && `${listed(unsettled)} has too few verdicts yet; until then Envoy keeps what it has.`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? undefined : parts.join(' ');
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map(shortened).join(', ');
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown;
}

function shortened(name: string): string {
  return name.length > nameLength ? `${name.slice(0, nameLength)}…` : name;
}

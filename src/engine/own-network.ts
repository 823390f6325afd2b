/**
 * Whether an ending is the fault of this machine's own network (invariant 1): the address that probes leave from is gone,
 * the link is down, every route is lost. One rule for all kinds of probes.
 *
 *                                                  before the probe        after it
 *   check.source or check.interface is not here    checker_source_missing  checker_source_missing
 *   an address was removed during the probe                                silence, unreachable: checker_source_missing
 *   the interface toward the backend is or was down                        silence, unreachable: checker_offline
 *   no route to any backend that was reached before                        silence, unreachable: checker_offline
 *   no route to this backend alone                                         counts
 */
import { evidenceOf, type Reason } from '../health/reasons.js';
import type { LocalNetwork, Route } from '../network/local-network.js';
import type { Family } from '../probes/probe.js';
import type { OwnFault } from './own-fault.js';
import type { UniqueTargets } from './unique-targets.js';
import type { UniqueTarget, Way } from './records.js';

/** Changes are looked for this often at most while all is well. */
const pollMs = 100;
/** So many other backends are asked for a route before all are held to have none. */
const mostWitnesses = 64;
/** A lost uplink makes every probe fail: the answer is the same for all of them for a moment. */
const offlineRememberedMs = 50;
/**
 * A link that has just come up does not carry everything at once: neighbors must be asked for, and Linux repeats a lost
 * question only after a second.
 */
const linkSettlesMs = 2000;

/** What a UDP probe to which nothing came back may end with, though something must have come for it at some time. */
const maySilenceMean: ReadonlySet<Reason> = new Set(['ok', 'port_unreachable', 'admin_prohibited']);

export class OwnNetwork {
  readonly #network: LocalNetwork;
  readonly #now: () => number;
  #polledAtMs = -Infinity;
  readonly #targets: UniqueTargets;
  readonly #offline: Record<Family, { atMs: number; isOffline: boolean; lastMs: number }> = {
    4: { atMs: -Infinity, isOffline: false, lastMs: -Infinity },
    6: { atMs: -Infinity, isOffline: false, lastMs: -Infinity },
  };

  /**
   * @param targets whose routes tell whether this machine has any
   * @param now monotonic ms
   */
  constructor(network: LocalNetwork, targets: UniqueTargets, now: () => number) {
    this.#network = network;
    this.#targets = targets;
    this.#now = now;
  }

  /** Why no probe of this target can leave now; undefined when one can. */
  blocks({ way }: UniqueTarget): OwnFault | undefined {
    this.#pollNowAndThen();
    const { source, interface: device } = way.check;
    return source === undefined && device === undefined ? undefined : this.#missing(way);
  }

  /** Worked out once for each way and change of the network. */
  #missing(way: Way): OwnFault | undefined {
    if (way.missingInGeneration === this.#network.generation) return way.missing;
    const why = this.#network.missing(way.check);
    way.missingInGeneration = this.#network.generation;
    way.missing = why === undefined ? undefined : sourceMissing(why);
    return way.missing;
  }

  /**
   * Whether this machine's network explains how a probe ended.
   *
   * @param rttMs NaN when nothing came back: then a pass (UDP) or an ICMP error that is remembered rests on silence too
   */
  explains(target: UniqueTarget, reason: Reason, rttMs: number): OwnFault | undefined {
    const restsOnSilence = Number.isNaN(rttMs) && maySilenceMean.has(reason);
    const evidence = restsOnSilence ? 'silence' : evidenceOf(reason);
    if (evidence !== 'silence' && evidence !== 'unreachable') return undefined;
    this.#network.poll();
    // Such endings are many, and a lost route shows when the datagram is sent.
    if (restsOnSilence && !this.#network.anyWasDownSince(target.startedMs - linkSettlesMs)) return undefined;
    return this.#explainedBySource(target) ?? this.#explainedByLink(target);
  }

  /** Learns by which interface a backend is reached. Once for each backend, and again after each change of interfaces. */
  reached(target: UniqueTarget): void {
    if (target.reachedInGeneration === this.#network.generation) return;
    target.reachedInGeneration = this.#network.generation;
    const route = this.#routeOf(target);
    if (typeof route !== 'string') target.interfaceIndex = route.isLocal ? 0 : route.interfaceIndex;
  }

  /** Whether a target that was cut off may be probed again: its source is back, its link up, a route there. */
  isBack(target: UniqueTarget): boolean {
    if (this.#missing(target.way) !== undefined) return false;
    const route = this.#routeOf(target);
    if (typeof route === 'string') return route === 'refused';
    return !this.#network.wasDownSince(route.interfaceIndex, Infinity);
  }

  poll(): void {
    this.#network.poll();
  }

  #pollNowAndThen(): void {
    const now = this.#now();
    if (now - this.#polledAtMs < pollMs) return;
    this.#polledAtMs = now;
    this.#network.poll();
  }

  #explainedBySource({ way, family, startedMs }: UniqueTarget): OwnFault | undefined {
    const missing = this.#missing(way);
    if (missing !== undefined) return missing;
    // The answer went to an address that is gone, or the routes went with the address for a moment.
    if (this.#network.addressRemovedAt(family) <= startedMs) return undefined;
    return sourceMissing('an address of this machine was removed while the probe was under way');
  }

  #explainedByLink(target: UniqueTarget): OwnFault | undefined {
    const network = this.#network;
    const route = this.#routeOf(target);
    if (route === 'refused') return undefined;
    const index = route === 'none' ? target.interfaceIndex : route.isLocal ? 0 : route.interfaceIndex;
    if (index !== 0 && network.wasDownSince(index, target.startedMs - linkSettlesMs)) {
      return { reason: 'checker_offline', detail: `interface ${network.interfaceName(index)} of this machine is down or has no carrier` };
    }
    const wasOffline = this.#offline[target.family].lastMs > target.startedMs && index !== 0;
    if (!wasOffline && (route !== 'none' || !this.#hasNoRoute(target.family))) return undefined;
    return { reason: 'checker_offline', detail: `this machine has no IPv${String(target.family)} route to any backend` };
  }

  /** Whether no backend of this family that was reached before has a route now. */
  #hasNoRoute(family: Family): boolean {
    const known = this.#offline[family];
    const now = this.#now();
    if (now - known.atMs < offlineRememberedMs) return known.isOffline;
    const isOffline = this.#noWitness(family);
    this.#offline[family] = { atMs: now, isOffline, lastMs: isOffline ? now : known.lastMs };
    return isOffline;
  }

  #noWitness(family: Family): boolean {
    // Backends on this machine itself, without such an index, have a route whatever happens.
    const reached = this.#targets.all().filter((target) => target.family === family && target.interfaceIndex !== 0);
    const step = Math.max(1, Math.floor(reached.length / mostWitnesses));
    for (let i = 0; i < reached.length; i += step) if (this.#routeOf(reached[i]!) !== 'none') return false;
    return reached.length > 0;
  }

  #routeOf({ family, address, way }: UniqueTarget): Route | 'none' | 'refused' {
    return this.#network.route(family, address, way.check);
  }
}

function sourceMissing(detail: string): OwnFault {
  return { reason: 'checker_source_missing', detail };
}

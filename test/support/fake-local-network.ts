import type { Binding, LocalNetwork, NextHop, Route } from '#vitald/network/local-network.js';
import type { Family } from '#vitald/probes/probe.js';

/** The network of this machine as a test wants it: every address is here and every backend reached by eth0, until told otherwise. */
export class FakeLocalNetwork implements LocalNetwork {
  generation = 1;
  readonly #missing = new Set<string>();
  readonly #indexes = new Map<string, number>([['eth0', 2]]);
  readonly #downUntilMs = new Map<number, number>();
  readonly #down = new Set<number>();
  readonly #removedAt: Record<Family, number> = { 4: -Infinity, 6: -Infinity };
  /** The routes of destinations that have not the usual one. */
  readonly routes = new Map<string, Route | 'none' | 'refused'>();
  /** Of destinations that {@link routes} does not name. */
  usualRoute: Route | 'none' | 'refused' = { interfaceIndex: 2, isLocal: false };
  /** The first steps of ways that have not the usual one: to the destination itself, which is there. */
  readonly hops = new Map<string, NextHop | undefined>();
  /** Addresses of this machine, as `addressKey` spells them. */
  readonly own = new Set<string>();
  /** How often a route was asked for. */
  asked = 0;

  /** Takes an address or an interface away, or brings it back. */
  set(name: string, isHere: boolean): void {
    this.generation++;
    if (isHere) this.#missing.delete(name);
    else this.#missing.add(name);
  }

  /** Gives an interface another index, as when it is made anew. */
  recreate(name: string): void {
    this.generation++;
    this.#indexes.set(name, (this.#indexes.get(name) ?? 100) + 1);
  }

  /** Takes the carrier of an interface away, or brings it back. @param nowMs when */
  setLink(index: number, isUp: boolean, nowMs: number): void {
    this.generation++;
    if (isUp) {
      this.#down.delete(index);
    } else {
      this.#down.add(index);
    }
    this.#downUntilMs.set(index, nowMs);
  }

  removeAddress(family: Family, nowMs: number): void {
    this.generation++;
    this.#removedAt[family] = nowMs;
  }

  poll(): void {
    // Tests make the changes.
  }

  interfaceIndex(name: string): number {
    return this.#missing.has(name) ? 0 : (this.#indexes.get(name) ?? 0);
  }

  interfaceName(index: number): string {
    return [...this.#indexes].find(([, i]) => i === index)?.[0] ?? `number ${String(index)}`;
  }

  missing({ source, interface: device }: Binding): string | undefined {
    if (device !== undefined && this.#missing.has(device)) return `interface ${device} is not on this machine`;
    if (source !== undefined && this.#missing.has(source)) return `${source} is not an address of this machine`;
    return undefined;
  }

  addressRemovedAt(family: Family): number {
    return this.#removedAt[family];
  }

  wasDownSince(index: number, sinceMs: number): boolean {
    return this.#down.has(index) || (this.#downUntilMs.get(index) ?? -Infinity) > sinceMs;
  }

  anyWasDownSince(sinceMs: number): boolean {
    return this.#down.size > 0 || [...this.#downUntilMs.values()].some((at) => at > sinceMs);
  }

  route(_family: Family, destination: string): Route | 'none' | 'refused' {
    this.asked++;
    return this.routes.get(destination) ?? this.usualRoute;
  }

  nextHop(_family: Family, destination: string): NextHop | undefined {
    return this.hops.has(destination) ? this.hops.get(destination) : { isLocal: false, router: undefined, neighbor: 'other' };
  }

  isOwn(key: string): boolean {
    return this.own.has(key);
  }

  close(): void {
    // Holds nothing.
  }
}

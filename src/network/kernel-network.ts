/** The network of this machine by rtnetlink(7). */
import type { Family } from '../probes/probe.js';
import { addressKey } from '../probes/raw/addresses.js';
import type { Libc } from '../probes/raw/native.js';
import type { Binding, LocalNetwork, NextHop, Route } from './local-network.js';
import {
  dumpRequest,
  linkRequest,
  messageType,
  neighborRequest,
  routeRequest,
  type AddressMessage,
  type LinkMessage,
  type NetlinkMessage,
  type RouteMessage,
} from './netlink-messages.js';
import { Netlink } from './netlink.js';

interface Link {
  readonly name: string;
  readonly loopback: boolean;
  readonly running: boolean;
  readonly carrierChanges: number;
  /** When the kernel was last asked for its state, monotonic ms. */
  askedAtMs: number;
  /** Until when it was last known to be down, monotonic ms; -Infinity when it never was. */
  readonly downUntilMs: number;
}

/** Interfaces that were removed are remembered, so that routes that led through them are known to be cut. */
const removedRemembered = 64;

/** An answer about an interface is used again for this long: many probes may end at the same time. */
const linkAnswerMs = 20;

const ENETUNREACH = 101;

export class KernelNetwork implements LocalNetwork {
  readonly #now: () => number;
  readonly #changes: Netlink;
  readonly #questions: Netlink;
  #links = new Map<number, Link>();
  readonly #removed = new Map<number, Link>();
  /** Indexes of the interfaces that have an address, by the address. */
  #addresses = new Map<string, Set<number>>();
  readonly #removedAt = { 4: -Infinity, 6: -Infinity };
  /** Interfaces without carrier. */
  #down = 0;
  /** Until when any interface was last known to be down. */
  #lastDownMs = -Infinity;
  /** The interfaces that were there at the start were not made just then. */
  #isFirst = true;
  generation = 0;

  /**
   * @param now monotonic ms
   * @throws Error when the kernel gives no netlink socket
   */
  constructor(libc: Libc, now: () => number) {
    this.#now = now;
    this.#changes = new Netlink(libc, true);
    this.#questions = new Netlink(libc, false);
    this.#readAll();
  }

  poll(): void {
    const changes = this.#changes.changes();
    if (changes === undefined) this.#readAll();
    else if (changes.length > 0) this.#apply(changes);
  }

  interfaceIndex(name: string): number {
    for (const [index, link] of this.#links) if (link.name === name) return index;
    return 0;
  }

  interfaceName(index: number): string {
    return (this.#links.get(index) ?? this.#removed.get(index))?.name ?? `number ${String(index)}`;
  }

  missing({ source, interface: device }: Binding): string | undefined {
    if (device !== undefined && this.interfaceIndex(device) === 0) return `interface ${device} is not on this machine`;
    if (source !== undefined && !this.#addresses.has(addressKey(source))) return `${source} is not an address of this machine`;
    return undefined;
  }

  addressRemovedAt(family: Family): number {
    return this.#removedAt[family];
  }

  wasDownSince(index: number, sinceMs: number): boolean {
    this.#askLink(index);
    const link = this.#links.get(index);
    if (link === undefined) return this.#removed.has(index);
    return !link.running || link.downUntilMs > sinceMs;
  }

  anyWasDownSince(sinceMs: number): boolean {
    return this.#down > 0 || this.#lastDownMs > sinceMs;
  }

  route(family: Family, destination: string, binding: Binding): Route | 'none' | 'refused' {
    return this.#route(family, destination, binding);
  }

  nextHop(family: Family, destination: string, binding: Binding): NextHop | undefined {
    const route = this.#route(family, destination, binding);
    if (typeof route === 'string') return undefined;
    const { isLocal, gateway: router, interfaceIndex } = route;
    return { isLocal, router, neighbor: isLocal ? 'other' : this.#neighbor(router ?? addressKey(destination), interfaceIndex) };
  }

  isOwn(key: string): boolean {
    return this.#addresses.has(key);
  }

  /** The kernel reports that a carrier was lost up to a second late (it spaces such reports), but knows it at once if asked. */
  #askLink(index: number): void {
    const link = this.#links.get(index);
    const now = this.#now();
    if (link === undefined || now - link.askedAtMs < linkAnswerMs) return;
    link.askedAtMs = now;
    this.#apply(this.#questions.ask(linkRequest(index)));
  }

  #neighbor(key: string, interfaceIndex: number): NextHop['neighbor'] {
    const [answer] = this.#questions.ask(neighborRequest(key, interfaceIndex));
    return answer?.kind === 'neighbor' ? answer.state : 'other';
  }

  #route(family: Family, destination: string, { source, interface: device }: Binding): RouteMessage | 'none' | 'refused' {
    const index = device === undefined ? 0 : this.interfaceIndex(device);
    const request = routeRequest(family, destination, source, index);
    for (const message of this.#questions.ask(request)) {
      if (message.kind === 'route') return message;
      if (message.kind === 'end' && message.errno !== 0) return message.errno === ENETUNREACH ? 'none' : 'refused';
    }
    return 'refused';
  }

  close(): void {
    this.#changes.close();
    this.#questions.close();
  }

  /** Asks for all interfaces and addresses, and compares them with what was known. */
  #readAll(): void {
    const [oldLinks, oldAddresses] = [this.#links, this.#addresses];
    this.#links = new Map();
    this.#addresses = new Map();
    this.#apply([...this.#questions.ask(dumpRequest(messageType.getLink)), ...this.#questions.ask(dumpRequest(messageType.getAddress))]);
    for (const [index, link] of oldLinks) if (!this.#links.has(index)) this.#forget(index, link);
    for (const address of oldAddresses.keys()) if (!this.#addresses.has(address)) this.#lost(address);
    this.generation++;
    this.#countDown();
    this.#isFirst = false;
  }

  #apply(messages: readonly NetlinkMessage[]): void {
    let changed = false;
    for (const message of messages) {
      if (message.kind === 'link') changed = this.#applyLink(message) || changed;
      else if (message.kind === 'address') changed = this.#applyAddress(message) || changed;
    }
    if (!changed) return;
    this.generation++;
    this.#countDown();
  }

  /** Returns false for a message that says nothing new: the kernel sends those for many reasons. */
  #applyLink({ index, name, removed, loopback, running, carrierChanges }: LinkMessage): boolean {
    const known = this.#links.get(index);
    if (removed) {
      if (known === undefined) return false;
      this.#links.delete(index);
      this.#forget(index, known);
      return true;
    }
    // A carrier that was lost and came back between two messages counts, too.
    const carrierIsSame = known?.running === running && known.carrierChanges === carrierChanges;
    if (carrierIsSame && known.name === name) return false;
    this.#removed.delete(index);
    let downUntilMs = known?.downUntilMs ?? -Infinity;
    if (!this.#isFirst && !carrierIsSame) this.#lastDownMs = downUntilMs = this.#now();
    this.#links.set(index, { name, loopback, running, carrierChanges, askedAtMs: known?.askedAtMs ?? -Infinity, downUntilMs });
    return true;
  }

  #forget(index: number, link: Link): void {
    this.#lastDownMs = this.#now();
    this.#removed.set(index, link);
    if (this.#removed.size > removedRemembered) this.#removed.delete(this.#removed.keys().next().value!);
  }

  #applyAddress({ index, address, removed }: AddressMessage): boolean {
    const holders = this.#addresses.get(address) ?? new Set();
    if (!removed) {
      if (holders.has(index)) return false;
      this.#addresses.set(address, holders.add(index));
      return true;
    }
    if (!holders.delete(index)) return false;
    if (holders.size > 0) return true;
    this.#addresses.delete(address);
    this.#lost(address);
    return true;
  }

  #lost(address: string): void {
    // Link-local addresses come and go with every container, and probes leave from them only to neighbors.
    if (!address.startsWith('fe8')) this.#removedAt[address.length === 8 ? 4 : 6] = this.#now();
  }

  #countDown(): void {
    this.#down = 0;
    for (const { loopback, running } of this.#links.values()) if (!running && !loopback) this.#down++;
  }
}

/** The network of this machine where netlink cannot be used: its addresses and interfaces as Node lists them, and no more. */
import { networkInterfaces } from 'node:os';
import { addressKey } from '../probes/raw/addresses.js';
import type { Binding, LocalNetwork, NextHop, Route } from './local-network.js';

/** A listing costs a tenth of a millisecond. */
const listedEveryMs = 500;

/** @returns undefined when the kernel gives no descriptor for it */
function listInterfaces(): ReturnType<typeof networkInterfaces> | undefined {
  try {
    return networkInterfaces();
  } catch {
    return undefined;
  }
}

export class PlainNetwork implements LocalNetwork {
  readonly #now: () => number;
  #listedAtMs = -Infinity;
  #listing = '';
  #interfaces: string[] = [];
  #addresses = new Set<string>();
  generation = 0;

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
    this.poll();
  }

  poll(): void {
    const now = this.#now();
    if (now - this.#listedAtMs < listedEveryMs) return;
    this.#listedAtMs = now;
    const found = listInterfaces();
    // Descriptors are short: what was known holds until the next listing.
    if (found === undefined) return;
    const addresses = Object.values(found).flatMap((entries = []) => entries.map(({ address }) => addressKey(address)));
    const listing = JSON.stringify([Object.keys(found), addresses]);
    if (listing === this.#listing) return;
    this.#listing = listing;
    this.#interfaces = Object.keys(found);
    this.#addresses = new Set(addresses);
    this.generation++;
  }

  interfaceIndex(name: string): number {
    return this.#interfaces.indexOf(name) + 1;
  }

  interfaceName(index: number): string {
    return this.#interfaces[index - 1] ?? `number ${String(index)}`;
  }

  /** An interface without an address is not listed, although it may be there: only addresses are certain. */
  missing({ source }: Binding): string | undefined {
    if (source === undefined || this.#addresses.has(addressKey(source))) return undefined;
    return `${source} is not an address of this machine`;
  }

  addressRemovedAt(): number {
    return -Infinity;
  }

  wasDownSince(): boolean {
    return false;
  }

  anyWasDownSince(): boolean {
    return false;
  }

  route(): Route | 'none' | 'refused' {
    return 'refused';
  }

  nextHop(): NextHop | undefined {
    return undefined;
  }

  isOwn(key: string): boolean {
    return this.#addresses.has(key);
  }

  close(): void {
    // Holds nothing.
  }
}

/**
 * What is worth keeping of targets between their probes: their addresses as the kernel wants them, and the way there.
 * In columns by slot, for there may be 100,000 of them.
 *
 *   slot        0        1        2      …
 *   target   [ ref ]  [ ref ]  [ ref ]      whose row it is: a slot is given to another target when this one has left
 *   number   [ u32 ]  [ u32 ]  [ u32 ]      IPv4 address
 *   way      [ ref ]  [ ref ]  [ ref ]      one object for all that take the same way
 *   bytes    only of slots with an IPv6 address
 */
import type { Target } from '../probe.js';
import { ipv4Number, ipv6Bytes, withoutZone } from './addresses.js';
import type { RawChannel, Recipient } from './channel.js';

/** How a destination is reached: the socket, and the IPv4 address that packets leave from. */
export interface Way {
  readonly channel: RawChannel;
  /** As a number; 0 for IPv6, and where nobody asked. */
  readonly source: number;
}

export class Destinations {
  readonly #targets: (Target | undefined)[] = [];
  readonly #ways: (Way | undefined)[] = [];
  readonly #bytes = new Map<number, Uint8Array>();
  #numbers = new Uint32Array(0);
  readonly #recipient: { -readonly [Key in keyof Recipient]: Recipient[Key] } = { address: '', number: 0, bytes: undefined };

  /** The way that was found last; undefined where it is to be looked up anew. */
  way(target: Target): Way | undefined {
    this.#know(target);
    return this.#ways[target.slot];
  }

  setWay(target: Target, way: Way | undefined): void {
    this.#know(target);
    this.#ways[target.slot] = way;
  }

  /** All ways are to be looked up anew. */
  forgetWays(): void {
    this.#ways.fill(undefined);
  }

  /** IPv4 address as a number; 0 for IPv6. */
  number(target: Target): number {
    this.#know(target);
    return this.#numbers[target.slot]!;
  }

  /** Whether this is the target's IPv6 address. @param at where its 16 bytes begin */
  isIpv6Of(target: Target, packet: Uint8Array, at = 0): boolean {
    this.#know(target);
    const bytes = this.#bytes.get(target.slot);
    if (bytes === undefined) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== packet[at + i]) return false;
    return true;
  }

  /** For a channel; the same object each time. */
  recipient(target: Target): Recipient {
    this.#know(target);
    const recipient = this.#recipient;
    recipient.address = target.address;
    recipient.number = this.#numbers[target.slot]!;
    recipient.bytes = target.family === 6 ? this.#bytes.get(target.slot) : undefined;
    return recipient;
  }

  forget(target: Target): void {
    if (this.#targets[target.slot] !== target) return;
    this.#targets[target.slot] = undefined;
    this.#ways[target.slot] = undefined;
    this.#bytes.delete(target.slot);
  }

  #know(target: Target): void {
    const { slot } = target;
    if (this.#targets[slot] === target) return;
    this.#reserve(slot + 1);
    this.#targets[slot] = target;
    this.#ways[slot] = undefined;
    this.#numbers[slot] = target.family === 4 ? ipv4Number(target.address) : 0;
    if (target.family === 6) this.#bytes.set(slot, ipv6Bytes(withoutZone(target.address)));
    else this.#bytes.delete(slot);
  }

  /** Without holes: an array with holes is a slow hash table. */
  #reserve(slots: number): void {
    while (this.#targets.length < slots) this.#targets.push(undefined);
    while (this.#ways.length < slots) this.#ways.push(undefined);
    if (slots <= this.#numbers.length) return;
    const larger = new Uint32Array(Math.max(slots, 64, Math.ceil(this.#numbers.length * 1.25)));
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

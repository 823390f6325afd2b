/** Raw sockets by what they must be bound to: opened when first needed, shared by all listeners that leave the same way. */
import type { LocalNetwork } from '../../network/local-network.js';
import type { CheckSettings, Family } from '../probe.js';
import type { ChannelOptions, OpenChannel, RawChannel, Receive, Unsent } from './channel.js';
import { RawUnavailable } from './native.js';

const retryOpenMs = 1000;

/** What a channel is bound to. */
export type Binding = Pick<CheckSettings, 'source' | 'interface'>;

export interface ChannelDescription {
  readonly options: Omit<ChannelOptions, keyof Binding>;
  readonly receive: Receive;
  readonly unsent: Unsent;
}

/** A socket, and what it was bound to when it was opened. */
interface BoundChannel {
  readonly channel: RawChannel;
  readonly binding: Binding;
  readonly interfaceIndex: number;
}

export class ChannelSet {
  readonly #channels = new Map<string, BoundChannel>();
  readonly #failures = new Map<string, { readonly error: RawUnavailable; readonly at: number }>();
  /** Packets that all sockets together had lost when that was last counted, and when the last one was found missing. */
  #drops = 0;
  #lostAtMs = -Infinity;
  /** Counted since the last {@link drain}: once a turn is enough. */
  #dropsAreCounted = false;

  constructor(
    readonly network: LocalNetwork,
    readonly open: OpenChannel,
    readonly describe: (family: Family) => ChannelDescription,
  ) {}

  /** How many are open. */
  get size(): number {
    return this.#channels.size;
  }

  /**
   * The channel with this binding, or why there is none. A failure is remembered for a second: it would be the same
   * for every probe, but an address may come back.
   */
  get(family: Family, binding: Binding): RawChannel | RawUnavailable {
    const key = keyOf(family, binding);
    const known = this.#channels.get(key);
    if (known !== undefined) return known.channel;
    const failure = this.#failures.get(key);
    if (failure !== undefined && performance.now() - failure.at < retryOpenMs) return failure.error;
    const opened = this.#tryOpen(family, binding);
    if (opened instanceof RawUnavailable) {
      this.#failures.set(key, { error: opened, at: performance.now() });
    } else {
      this.#channels.set(key, { channel: opened, binding, interfaceIndex: this.#indexOf(binding) });
      this.#failures.delete(key);
    }
    return opened;
  }

  /**
   * Why this process can open no channel; undefined when it can. Says nothing about addresses and interfaces that a
   * channel would be bound to: they come and go. Leaves none open for that.
   *
   * @throws CodedError machine_shortage: whether it can is not known now
   */
  problem(family: Family): RawUnavailable | undefined {
    if (this.#channels.size > 0) return undefined;
    const opened = this.#tryOpen(family, { source: undefined, interface: undefined });
    if (opened instanceof RawUnavailable) {
      opened.throwIfShortage();
      return opened;
    }
    opened.close();
    return undefined;
  }

  /**
   * Closes the sockets whose address or interface is gone: an interface that is made anew under the same name has
   * another index, and a socket that is bound to the old one stays deaf. What is still needed is opened again.
   */
  networkChanged(): void {
    this.#failures.clear();
    for (const [key, { channel, binding, interfaceIndex }] of this.#channels) {
      if (interfaceIndex === this.#indexOf(binding) && this.network.missing(binding) === undefined) continue;
      this.#channels.delete(key);
      channel.close();
    }
  }

  #indexOf(binding: Binding): number {
    return binding.interface === undefined ? 0 : this.network.interfaceIndex(binding.interface);
  }

  /** Reads what has arrived. @returns the time up to which all of it has been read, monotonic ms; Infinity when nothing is left */
  drain(): number {
    this.#dropsAreCounted = false;
    let readToMs = Infinity;
    for (const { channel } of this.#channels.values()) readToMs = Math.min(readToMs, channel.drain());
    return readToMs;
  }

  /** Whether the kernel has dropped a packet since then, monotonic ms, because this process did not read in time. */
  lostSince(sinceMs: number): boolean {
    if (!this.#dropsAreCounted) this.#countDrops();
    return this.#lostAtMs > sinceMs;
  }

  #countDrops(): void {
    this.#dropsAreCounted = true;
    let drops = 0;
    for (const { channel } of this.#channels.values()) drops += channel.drops();
    if (drops > this.#drops) this.#lostAtMs = performance.now();
    this.#drops = drops;
  }

  close(): void {
    for (const { channel } of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #tryOpen(family: Family, binding: Binding): RawChannel | RawUnavailable {
    const { options, receive, unsent } = this.describe(family);
    try {
      return this.open({ ...options, source: binding.source, interface: binding.interface }, receive, unsent);
    } catch (error) {
      if (error instanceof RawUnavailable) return error;
      throw error;
    }
  }
}

function keyOf(family: Family, binding: Binding): string {
  return `${String(family)} ${binding.source ?? ''} ${binding.interface ?? ''}`;
}

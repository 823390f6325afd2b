/** Raw sockets by what they must be bound to: opened when first needed, shared by all listeners that leave the same way. */
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

export class ChannelSet {
  readonly #channels = new Map<string, RawChannel>();
  readonly #failures = new Map<string, { readonly error: RawUnavailable; readonly at: number }>();

  constructor(
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
    const channel = this.#channels.get(key);
    if (channel !== undefined) return channel;
    const failure = this.#failures.get(key);
    if (failure !== undefined && performance.now() - failure.at < retryOpenMs) return failure.error;
    const opened = this.#tryOpen(family, binding);
    if (opened instanceof RawUnavailable) {
      this.#failures.set(key, { error: opened, at: performance.now() });
    } else {
      this.#channels.set(key, opened);
      this.#failures.delete(key);
    }
    return opened;
  }

  /** Why there can be no channel with this binding; undefined where there can. Leaves none open for that. */
  problem(family: Family, binding: Binding): RawUnavailable | undefined {
    if (this.#channels.has(keyOf(family, binding))) return undefined;
    const opened = this.#tryOpen(family, binding);
    if (opened instanceof RawUnavailable) return opened;
    opened.close();
    return undefined;
  }

  drain(): void {
    for (const channel of this.#channels.values()) channel.drain();
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
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

/** Raw sockets by what they must be bound to: opened when first needed, shared by all listeners that leave the same way. */
import type { CheckSettings, Family } from '../probe.js';
import type { ChannelOptions, OpenChannel, RawChannel, Receive } from './channel.js';
import { RawUnavailable } from './native.js';

const retryOpenMs = 1000;

export class ChannelSet {
  readonly #channels = new Map<string, RawChannel>();
  readonly #failures = new Map<string, { readonly error: RawUnavailable; readonly at: number }>();

  constructor(
    readonly open: OpenChannel,
    /** Options and receiver of a family; the binding is added here. */
    readonly describe: (family: Family) => { options: Omit<ChannelOptions, 'source' | 'interface'>; receive: Receive },
  ) {}

  /**
   * The channel for these settings, or why there is none. A failure is remembered for a second: it would be the same
   * for every probe, but an address may come back.
   */
  get(family: Family, settings: Pick<CheckSettings, 'source' | 'interface'>): RawChannel | RawUnavailable {
    const key = `${String(family)} ${settings.source ?? ''} ${settings.interface ?? ''}`;
    const channel = this.#channels.get(key);
    if (channel !== undefined) return channel;
    const failure = this.#failures.get(key);
    if (failure !== undefined && performance.now() - failure.at < retryOpenMs) return failure.error;
    return this.#tryOpen(key, family, settings);
  }

  #tryOpen(key: string, family: Family, settings: Pick<CheckSettings, 'source' | 'interface'>): RawChannel | RawUnavailable {
    const { options, receive } = this.describe(family);
    try {
      const channel = this.open({ ...options, source: settings.source, interface: settings.interface }, receive);
      this.#channels.set(key, channel);
      this.#failures.delete(key);
      return channel;
    } catch (error) {
      if (!(error instanceof RawUnavailable)) throw error;
      this.#failures.set(key, { error, at: performance.now() });
      return error;
    }
  }

  drain(): void {
    for (const channel of this.#channels.values()) channel.drain();
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}

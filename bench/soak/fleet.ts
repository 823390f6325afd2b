/** The backends of the soak: a listener for each kind of probe, of which some backends fail and others are replaced. */
import { backendAddress } from '../shortage/addresses.js';
import { checkOptions } from '../shortage/vitald-checker.js';
import type { CheckSettings, CheckedBackend } from '../shortage/checker.js';
import { probeCases, type ProbeCase } from '../shortage/probe-cases.js';
import type { Services } from '../shortage/services.js';

const firstPort = 18_100;

export interface FleetListener {
  readonly name: string;
  readonly probe: ProbeCase;
  readonly port: number;
  /** Fail from time to time, and are never replaced. */
  readonly unsteady: readonly CheckedBackend[];
  /** Never fail; reloads replace some of them. */
  steady: CheckedBackend[];
}

export interface Replacement {
  /** Keys as in pictures: `listener/backend`. */
  readonly removed: readonly { readonly key: string; readonly address: string }[];
}

export class Fleet {
  readonly listeners: readonly FleetListener[];
  readonly #settings: CheckSettings;
  readonly #services: Services;
  /** Indexes of the next new backend, by listener. */
  readonly #next = new Map<FleetListener, number>();

  private constructor(listeners: readonly FleetListener[], settings: CheckSettings, services: Services) {
    this.listeners = listeners;
    this.#settings = settings;
    this.#services = services;
    for (const listener of listeners) this.#next.set(listener, listener.unsteady.length + listener.steady.length);
  }

  /** Serves all of them. */
  static async start(backends: number, unsteadyOfEach: number, settings: CheckSettings, services: Services): Promise<Fleet> {
    const shares = probeCases.reduce((sum, { share }) => sum + share, 0);
    const listeners = probeCases.map((probe, block): FleetListener => {
      const count = Math.round((backends * probe.share) / shares);
      const made = Array.from({ length: count }, (_, index) => newBackend(probe, block, index));
      const name = probe.name.replaceAll(/[^\w]+/g, '-');
      return { name, probe, port: firstPort + block, unsteady: made.slice(0, unsteadyOfEach), steady: made.slice(unsteadyOfEach) };
    });
    for (const { probe, port, unsteady, steady } of listeners) {
      await services.serve({ ...probe, port, addresses: [...unsteady, ...steady].map(({ address }) => address) });
    }
    return new Fleet(listeners, settings, services);
  }

  get size(): number {
    return this.listeners.reduce((sum, { unsteady, steady }) => sum + unsteady.length + steady.length, 0);
  }

  /** As vitald's configuration has them. */
  configuration(): readonly unknown[] {
    return this.listeners.map(({ name, probe, port, unsteady, steady }) => ({
      name,
      protocol: probe.protocol,
      port,
      profile: 'native',
      check: { ...probe.check, ...checkOptions(this.#settings) },
      backends: [...unsteady, ...steady].map((backend) => ({ name: backend.name, address: backend.address })),
    }));
  }

  /** Replaces a share of all backends, the same in each listener. The new ones answer already. */
  async replace(share: number): Promise<Replacement> {
    const removed = [];
    for (const [block, listener] of this.listeners.entries()) {
      const { probe, port, unsteady, steady } = listener;
      const count = Math.max(1, Math.round((unsteady.length + steady.length) * share));
      const gone = steady.slice(0, count);
      const next = this.#next.get(listener)!;
      const fresh = Array.from({ length: count }, (_, index) => newBackend(probe, block, next + index));
      this.#next.set(listener, next + count);
      // The servers of other kinds listen on all addresses.
      if (probe.service === 'udp') await this.#services.serve({ ...probe, port, addresses: fresh.map(({ address }) => address) });
      listener.steady = [...steady.slice(count), ...fresh];
      removed.push(...gone.map(({ name, address }) => ({ key: `${listener.name}/${name}`, address })));
    }
    return { removed };
  }
}

function newBackend({ family }: ProbeCase, block: number, index: number): CheckedBackend {
  return { name: `b${index}`, address: backendAddress(family, index, block), port: firstPort + block };
}

/** All demo backends together. */
import type { Backend } from './backend.js';
import { flapMs, slowMs, type DemoName, type DemoPorts } from './ports.js';
import { startSilent } from './silent.js';
import { startAnswering, startError503, startFlapping, startHttps, startRefusing, startSlow } from './tcp.js';
import { startUdpAnswering, startUdpClosed, startUdpSilent } from './udp.js';

export interface DemoSettings {
  /** 0: any free port. */
  readonly ports: DemoPorts;
  readonly slowMs?: number;
  readonly flapMs?: number;
}

/** A backend could not be started: which, and Node's error. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';

  constructor(
    readonly backend: DemoName,
    readonly port: number,
    override readonly cause: NodeJS.ErrnoException,
  ) {
    super(cause.message);
  }
}

/**
 * @returns every backend, all of them started
 * @throws DemoFailure for the first that could not be; those before it are closed again
 */
export async function startAll(settings: DemoSettings): Promise<ReadonlyMap<DemoName, Backend>> {
  const starters: Readonly<Record<DemoName, (port: number) => Promise<Backend>>> = {
    answers: startAnswering,
    refuses: startRefusing,
    silent: startSilent,
    slow: (port) => startSlow(port, settings.slowMs ?? slowMs),
    error503: startError503,
    flapping: (port) => startFlapping(port, settings.flapMs ?? flapMs),
    https: startHttps,
    udpAnswers: startUdpAnswering,
    udpClosed: startUdpClosed,
    udpSilent: startUdpSilent,
  };
  const started = new Map<DemoName, Backend>();
  for (const name of Object.keys(starters) as DemoName[]) {
    const port = settings.ports[name];
    try {
      started.set(name, await starters[name](port));
    } catch (error) {
      await closeAll(started);
      throw new DemoFailure(name, port, error as NodeJS.ErrnoException);
    }
  }
  return started;
}

export async function closeAll(backends: ReadonlyMap<DemoName, Backend>): Promise<void> {
  await Promise.all([...backends.values()].map((backend) => backend.close()));
}

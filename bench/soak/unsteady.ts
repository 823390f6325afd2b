/** Backends that really fail, again and again, and whether each fault is found; all others must never leave healthy. */
import type { BackendView } from '../follow/picture.js';
import type { Services } from '../shortage/services.js';
import { VerdictBoard } from '../shortage/verdict-board.js';
import { sleep } from '../support/process.js';
import type { Fleet, FleetListener } from './fleet.js';
import type { CheckedBackend } from '../shortage/checker.js';

/** From one fault of a backend to its next one. */
const pauseMs = { least: 10_000, most: 40_000 };
/** Stops and limits delay a verdict; a fault that is not found by then was missed. */
const giveUpMs = 60_000;
const recoveryMs = 60_000;

interface FoundFault {
  /** Listener and backend. */
  readonly key: string;
  /** Infinity: missed. */
  readonly tookMs: number;
  readonly promisedMs: number;
}

export class UnsteadyBackends {
  readonly faults: FoundFault[] = [];
  /** Verdicts `unhealthy` of backends that did not fail: which, and why vitald says so. */
  readonly falseVerdicts: string[] = [];
  /** Backends that stayed unhealthy when their fault was over. */
  readonly notRecovered: string[] = [];
  /** All verdicts `unhealthy` that were received. */
  unhealthyVerdicts = 0;
  readonly #fleet: Fleet;
  readonly #services: Services;
  readonly #promisedMs: (listener: FleetListener) => number;
  readonly #board = new VerdictBoard();
  /** Keys of those that may be unhealthy now. */
  readonly #mayBeUnhealthy = new Set<string>();
  #over = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(fleet: Fleet, services: Services, promisedMs: (listener: FleetListener) => number) {
    this.#fleet = fleet;
    this.#services = services;
    this.#promisedMs = promisedMs;
  }

  /** Takes each state that a reader of events receives. */
  onState({ listener, backend, state }: BackendView, before: BackendView | undefined, receivedAt: number): void {
    const key = `${listener}/${backend}`;
    if (state === 'unhealthy') {
      this.unhealthyVerdicts++;
      if (!this.#mayBeUnhealthy.has(key)) this.falseVerdicts.push(`${key}, ${before?.state ?? 'unknown'} before`);
    }
    if (state === 'healthy' || state === 'unhealthy') this.#board.set(key, state === 'healthy', receivedAt);
  }

  begin(): void {
    const all = this.#fleet.listeners.flatMap((listener) => listener.unsteady.map((backend) => ({ listener, backend })));
    this.#running = Promise.all(all.map(({ listener, backend }, index) => this.#failAgainAndAgain(listener, backend, index)));
  }

  /** Lets faults that are on be found, and every backend recover. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #failAgainAndAgain(listener: FleetListener, backend: CheckedBackend, index: number): Promise<void> {
    const key = `${listener.name}/${backend.name}`;
    const { ways } = listener.probe;
    for (let fault = index; await this.#pauseIsOver(); fault++) {
      this.#mayBeUnhealthy.add(key);
      const failedAt = await this.#services.fail(backend.address, ways[fault % ways.length]!);
      const foundAt = await this.#board.until(key, false, giveUpMs);
      this.faults.push({ key, tookMs: foundAt === undefined ? Infinity : foundAt - failedAt, promisedMs: this.#promisedMs(listener) });
      await this.#services.restore(backend.address, backend.port);
      if (foundAt === undefined) await sleep(2 * this.#promisedMs(listener));
      if ((await this.#board.until(key, true, recoveryMs)) === undefined) this.notRecovered.push(key);
      else this.#mayBeUnhealthy.delete(key);
    }
  }

  /** @returns false if the soak ended meanwhile */
  async #pauseIsOver(): Promise<boolean> {
    const until = performance.now() + pauseMs.least + Math.random() * (pauseMs.most - pauseMs.least);
    while (performance.now() < until && !this.#over) await sleep(200);
    return !this.#over;
  }
}

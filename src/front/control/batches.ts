/** Work that is done together: while a batch is under way, what comes meanwhile waits and makes the next one. */
import { setImmediate } from 'node:timers/promises';

export class Batches<Item> {
  readonly #work: (items: readonly Item[]) => Promise<void>;
  #waiting: Item[] = [];
  #running = false;

  /** @param work one batch; never rejects: whoever waits for an item is told by it */
  constructor(work: (items: readonly Item[]) => Promise<void>) {
    this.#work = work;
  }

  /** Items that are not in a batch yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Requests that came in the same turn are of the same batch.
      await setImmediate();
      const items = this.#waiting;
      this.#waiting = [];
      await this.#work(items);
    }
    this.#running = false;
  }
}

/** Lets the thread do other things every few milliseconds of long work. */
export class Breaks {
  #goOnUntil = performance.now() + sliceMs;

  /** To be awaited between two small pieces of the work. */
  async take(): Promise<void> {
    if (performance.now() < this.#goOnUntil) return;
    await setImmediate();
    this.#goOnUntil = performance.now() + sliceMs;
  }
}

const sliceMs = 4;

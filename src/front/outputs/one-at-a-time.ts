/** Work on a file, or whatever else must not be done twice at once: what was given up on may still be going on. */
import { setTimeout } from 'node:timers/promises';

export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins when all before has ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all has ended, or after so long: a disk may never answer. */
  async idle(withinMs: number): Promise<void> {
    await Promise.race([this.#last, setTimeout(withinMs, undefined, { ref: false })]);
  }
}

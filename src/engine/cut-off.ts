/**
 * Targets whose last probe was thwarted by this machine's own network. They are probed again as soon as that is mended,
 * not an interval later: an address that returns takes effect within a second.
 */
import type { Cancel, Clock } from '../schedule/clock.js';
import type { OwnNetwork } from './own-network.js';
import type { UniqueTarget } from './records.js';

/** How long a returned address or route may go unnoticed. */
const lookEveryMs = 500;
/** Targets that are looked at in one go, and when the next go follows while some of them are back. */
const targetsPerLook = 64;
const nextGoMs = 5;

export class CutOff {
  readonly #clock: Clock;
  readonly #network: OwnNetwork;
  readonly #release: (target: UniqueTarget) => void;
  readonly #targets = new Set<UniqueTarget>();
  #cancelLook: Cancel | undefined;

  /** @param release makes the next probe of a target due at once */
  constructor(clock: Clock, network: OwnNetwork, release: (target: UniqueTarget) => void) {
    this.#clock = clock;
    this.#network = network;
    this.#release = release;
  }

  add(target: UniqueTarget): void {
    this.#targets.add(target);
    this.#lookAfter(lookEveryMs);
  }

  remove(target: UniqueTarget): void {
    if (this.#targets.size > 0) this.#targets.delete(target);
  }

  close(): void {
    this.#cancelLook?.();
    this.#targets.clear();
  }

  #lookAfter(ms: number): void {
    this.#cancelLook ??= this.#clock.after(ms, () => {
      this.#cancelLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    this.#network.poll();
    let looked = 0;
    let back = 0;
    for (const target of this.#targets) {
      if (++looked > targetsPerLook) break;
      this.#targets.delete(target);
      if (this.#network.isBack(target)) {
        this.#release(target);
        back++;
      } else {
        // To the end of the line: the next look begins with others.
        this.#targets.add(target);
      }
    }
    if (this.#targets.size > 0) this.#lookAfter(back > 0 ? nextGoMs : lookEveryMs);
  }
}

/** Numbers that are given out, taken back, and given out again. */
export class Slots {
  #free: number[] = [];
  #used = 0;

  take(): number {
    return this.#free.pop() ?? this.#used++;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** One more than the highest number there can be after so many are taken. */
  capacityAfter(taken: number): number {
    return this.#used + Math.max(0, taken - this.#free.length);
  }
}

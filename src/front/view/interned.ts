/**
 * Texts that many share, each kept once and named by a number, as long as somebody uses it: 100,000 backends have a
 * handful of different details.
 */
export class InternedTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** How many different texts are kept. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of a text; to be given back by {@link release} once for each call. */
  take(text: string): number {
    const number = this.#numbers.get(text) ?? this.#add(text);
    this.#uses[number]!++;
    return number;
  }

  text(number: number): string {
    return this.#texts[number]!;
  }

  release(number: number): void {
    if (--this.#uses[number]! > 0) return;
    this.#numbers.delete(this.#texts[number]!);
    this.#texts[number] = '';
    this.#free.push(number);
  }

  #add(text: string): number {
    const number = this.#free.pop() ?? this.#texts.length;
    this.#numbers.set(text, number);
    this.#texts[number] = text;
    this.#uses[number] = 0;
    return number;
  }
}

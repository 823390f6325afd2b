/**
 * What environment variables hold: no message may contain it. Secrets are put into variables, and a variable may be
 * named in the wrong place.
 */
import { hiderOf } from '../secrets.js';
import { isHarmless } from '../quoting.js';

/** More variables than this are not looked for: the time for a message must have a bound. */
const mostTexts = 1000;

export class HiddenTexts {
  readonly #vocabulary: ReadonlySet<string>;
  readonly #texts = new Set<string>();
  /** Words, numbers and addresses. They are in many sentences, so that messages are not searched for them. */
  readonly #harmless = new Set<string>();
  #hide: ((text: string) => string) | undefined;

  /** @param vocabulary words of the configuration itself, which are no secrets wherever they come from */
  constructor(vocabulary: ReadonlySet<string>) {
    this.#vocabulary = vocabulary;
  }

  add(text: string): void {
    if (this.#vocabulary.has(text) || this.#texts.size >= mostTexts) return;
    if (isHarmless(text)) this.#harmless.add(text);
    else if (!this.#texts.has(text)) {
      this.#texts.add(text);
      this.#hide = undefined;
    }
  }

  /** A message without the texts. Where a harmless one was found it is not quoted: see SourceDocument.isFromEnvironment. */
  hide(message: string): string {
    if (this.#texts.size === 0) return message;
    this.#hide ??= hiderOf([...this.#texts]) ?? ((text) => text);
    return this.#hide(message);
  }

  /** A value of an option, as it may be shown. */
  hideValue(value: string): string {
    return this.#harmless.has(value) ? '[redacted]' : this.hide(value);
  }
}

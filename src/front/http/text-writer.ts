/**
 * Writes long texts as UTF-8 bytes, straight into memory: an answer of 100,000 backends has 40 MB, and as strings that
 * are put together and then encoded it takes three times as long and leaves as much again to collect.
 */
import type { Escapes } from './escapes.js';

/** How long a piece becomes, about, where a text is taken piece by piece: some tenths of a millisecond of work. */
const pieceBytes = 128 * 1024;
/** Room beyond it for what is added last. */
const slackBytes = 4096;
const firstBytes = 2048;
/** Longer texts are encoded by the runtime; for shorter ones the call costs more than the bytes. */
const shortText = 64;
/** Digits of a number that fit into an integer of the machine. */
const nineDigits = 1_000_000_000;
const zero = 0x30;

export class TextWriter {
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** Room to begin a piece with: little, until a text turns out to be long. */
  #room = firstBytes;

  /** True when there is a piece to {@link take}. */
  get full(): boolean {
    return this.#length > pieceBytes;
  }

  /** What was written since the last call; the caller may keep it. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    this.#room = pieceBytes + slackBytes;
    return taken;
  }

  add(text: string): void {
    this.#reserve(text.length * 3);
    if (text.length > shortText || !this.#addAscii(text)) this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /** Adds a piece of UTF-8, with characters replaced that have a meaning where it is put. */
  addEscaped(utf8: Uint8Array, start: number, end: number, escapes: Escapes): void {
    this.#reserve((end - start) * escapes.longest);
    for (let i = start; i < end; i++) {
      const byte = utf8[i]!;
      const escaped = escapes.texts[byte];
      if (escaped === undefined) this.#bytes[this.#length++] = byte;
      else this.#addAscii(escaped);
    }
  }

  /** @param value finite */
  addNumber(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      this.add(String(value));
      return;
    }
    const high = Math.floor(value / nineDigits);
    if (high > 0) {
      this.addDigits(high, digitsOf(high));
      this.addDigits(value - high * nineDigits, 9);
    } else this.addDigits(value, digitsOf(value));
  }

  /** @param value whole, below 10^9; shorter ones get zeros in front */
  addDigits(value: number, digits: number): void {
    this.#reserve(digits);
    this.#length += digits;
    let rest = value | 0;
    for (let place = this.#length - 1; place >= this.#length - digits; place--) {
      const tenth = (rest / 10) | 0;
      this.#bytes[place] = zero + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** Returns false, and has added nothing, where the text is more than ASCII. */
  #addAscii(text: string): boolean {
    const bytes = this.#bytes;
    let place = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[place++] = code;
    }
    this.#length = place;
    return true;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#length + bytes, this.#bytes.length * 2, this.#room));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Characters of text that are gathered before they are turned into bytes: one string of 50 MB is dear to flatten. */
const pieceLength = 1 << 18;

/** A long UTF-8 text that is made from many short ones. */
export class TextPieces {
  readonly #pieces: Buffer[] = [];
  #text = '';

  add(text: string): void {
    this.#text += text;
    if (this.#text.length > pieceLength) this.#encode();
  }

  bytes(): Buffer {
    this.#encode();
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
  }

  #encode(): void {
    this.#pieces.push(Buffer.from(this.#text, 'utf8'));
    this.#text = '';
  }
}

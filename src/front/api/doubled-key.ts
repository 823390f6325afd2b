/**
 * Finds keys that a JSON object has twice. `JSON.parse` takes the last one, other parsers the first (RFC 8259, section 4),
 * so `{"weight": 0, "weight": 100}` means different things to those who write, log and read it.
 */

interface Frame {
  /** Keys of an object so far; undefined: an array. */
  readonly keys: Set<string> | undefined;
  /** Of an object. */
  key: string;
  /** Of an array. */
  index: number;
  /** The next text is a key. */
  isKeyNext: boolean;
}

/**
 * @param text valid JSON
 * @returns the path of the first such key, as `backends[3].weight`; undefined: there is none
 */
export function doubledKey(text: string): string | undefined {
  const frames: Frame[] = [];
  for (let i = 0; i < text.length; i++) {
    const frame = frames.at(-1);
    switch (text[i]) {
      case '{':
        frames.push({ keys: new Set(), key: '', index: 0, isKeyNext: true });
        break;
      case '[':
        frames.push({ keys: undefined, key: '', index: 0, isKeyNext: false });
        break;
      case '}':
      case ']':
        frames.pop();
        break;
      case ',':
        if (frame?.keys === undefined) frame!.index++;
        else frame.isKeyNext = true;
        break;
      case '"': {
        const end = endOfText(text, i);
        if (frame?.keys !== undefined && frame.isKeyNext) {
          frame.key = JSON.parse(text.slice(i, end + 1)) as string;
          frame.isKeyNext = false;
          if (frame.keys.has(frame.key)) return pathOf(frames);
          frame.keys.add(frame.key);
        }
        i = end;
        break;
      }
      default:
      // Blanks, colons, numbers and words say nothing about keys.
    }
  }
  return undefined;
}

/** @returns where the quote is that ends the text that begins at `start` */
function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '"') return i;
    if (text[i] === '\\') i++;
  }
  return text.length;
}

function pathOf(frames: readonly Frame[]): string {
  const parts = frames.map(({ keys, key, index }) => (keys === undefined ? `[${index}]` : `.${key}`));
  return parts.join('').replace(/^\./, '');
}

/** Layout of texts for people: colours, lines no wider than the terminal, no control characters of anybody else’s. */

export interface Style {
  /** Colours and symbols. */
  readonly color: boolean;
  /** Width of the lines. */
  readonly columns: number;
}

const escapes = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const;
/** A space at which no line is broken. */
export const noBreak = '\u00a0';

const narrowest = 40;
const margin = 2;
const commandIndent = 4;

/** @returns the text in colours that end with it; as it is without colour */
export function paint(text: string, ways: readonly (keyof typeof escapes)[], { color }: Pick<Style, 'color'>): string {
  return color ? `\u001b[${ways.map((way) => escapes[way]).join(';')}m${text}\u001b[0m` : text;
}

/** A paragraph, indented and wrapped. @param hanging further indent of every line but the first */
export function indented(text: string, style: Style, indent = margin, hanging = 0): string {
  const first = ' '.repeat(indent);
  const rest = ' '.repeat(indent + hanging);
  const width = Math.max(narrowest, style.columns) - indent - hanging;
  return wrapped(codeWords(text, style), width)
    .split('\n')
    .map((line, index) => `${index === 0 ? first : rest}${line}`)
    .join('\n');
}

/** A command or a line of YAML: never wrapped, so that it can be copied. */
export function commandLine(text: string, style: Style): string {
  return `${' '.repeat(commandIndent)}${paint(text, ['cyan'], style)}`;
}

/** What stands between backquotes in colour; without colour the quotes stay. */
function codeWords(text: string, style: Style): string {
  return style.color ? text.replace(/`([^`]*)`/g, (_, word: string) => paint(word, ['cyan'], style)) : text;
}

/** Breaks a text between words into lines of at most so many characters; longer words stay whole. Colours have no width. */
export function wrapped(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S)[ \n]/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word.trimStart();
    } else line = longer;
  }
  return [...lines, line].join('\n').replaceAll(noBreak, ' ');
}

const escape = String.fromCharCode(27);
const colors = new RegExp(`${escape}\\[[\\d;]*m`, 'g');

function widthOf(text: string): number {
  return text.replace(colors, '').length;
}

/** Texts may quote a backend: nothing of it is to steer the terminal, or to turn the direction of writing. */
export function harmless(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (character === '\n' ? character : '?'));
}

/** YAML text to a syntax tree, with every syntax error and within bounds of depth and size. */
import { Composer, Lexer, LineCounter, Parser, type CST, type Document, type YAMLError } from 'yaml';
import type { ProblemList } from '../problem.js';

/** The configuration itself needs seven levels. */
export const deepestNesting = 64;
/** Lexical tokens of one file; a backend takes 6 in its short form, 36 with all its keys. Each costs about 200 bytes while parsing. */
const mostTokens = 8_000_000;

export interface ParsedYaml {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** @returns undefined after adding to `problems` why there is no single well-formed document */
export function parseYaml(text: string, problems: ProblemList): ParsedYaml | undefined {
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tokens = readTokens(text, lines);
  if (tokens instanceof OutOfBounds) {
    problems.add(at(tokens.offset), '(document)', tokens.message);
    return undefined;
  }
  // Duplicate keys are looked for in convert.ts: the package compares every key with every other.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, version: '1.2' });
  const [document, second] = firstTwo(composer.compose(tokens, true, text.length));
  const errors = [document, second].flatMap((one) => [...(one?.errors ?? []), ...(one?.warnings ?? [])]).filter(isFirstOfItsKind);
  for (const error of errors) {
    if (problems.isFull) problems.addUnlisted();
    else problems.add(at(error.pos[0]), '(document)', `YAML: ${syntaxMessage(error, text)}`);
  }
  if (second !== undefined) {
    problems.add(at(second.range[0]), '(document)', 'a second YAML document begins here; a configuration is one document: remove "---"');
  }
  return errors.length > 0 || second !== undefined ? undefined : { document: document as Document.Parsed, lines };
}

/** A file of nothing but `---` holds millions of documents: the second one is one too many. */
function firstTwo<T>(documents: Iterable<T>): readonly T[] {
  const found: T[] = [];
  for (const document of documents) {
    found.push(document);
    if (found.length === 2) break;
  }
  return found;
}

/** Where a bound was passed. */
class OutOfBounds {
  constructor(
    readonly offset: number,
    readonly message: string,
  ) {}
}

/** Drives the parser by hand: its stack tells the depth before the composer, which is recursive, meets it. */
function readTokens(text: string, lines: LineCounter): CST.Token[] | OutOfBounds {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let count = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > deepestNesting) return new OutOfBounds(parser.offset, `nested deeper than ${deepestNesting} levels`);
    if (++count > mostTokens) return new OutOfBounds(parser.offset, 'too much for one file from here on; split it over several checkers');
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/** Once the parser has lost its way it complains of every token that follows. */
function isFirstOfItsKind(error: YAMLError, index: number): boolean {
  return index === 0 || !error.message.includes('in YAML stream');
}

/**
 * What the package says, without the pieces of the file that it quotes: they may be secrets. `password: !s3cret` is an
 * unknown tag to YAML, `"\us3cret"` a wrong escape sequence, `%s3cret` a directive.
 */
function syntaxMessage({ code, message, pos }: YAMLError, text: string): string {
  if (text.startsWith('${', pos[0] - 1)) return '"${" cannot stand inside [ ] or { } without quotes; write this value in a line of its own';
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab in the indentation; indent by spaces';
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return 'unknown tag; tags are not used in a configuration, and a text that begins with "!" needs quotes';
    case 'BAD_DIRECTIVE':
      return 'unknown directive; a text that begins with "%" needs quotes';
    case 'BAD_DQ_ESCAPE':
      return `invalid escape sequence ${message.slice(message.indexOf('\\')).slice(0, 2)}; in single quotes a backslash is an ordinary character`;
    case 'BAD_INDENT':
      return `${withoutSource(message)} (look at the indentation, and for a bracket that is not closed)`;
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `${withoutSource(message)} (a value that holds ": " needs quotes)`;
    default:
      return withoutSource(message);
  }
}

/** The package puts pieces of the file behind a colon, at the end of its messages. */
function withoutSource(message: string): string {
  return message.replace(/(?<=\w): .*$/s, '');
}

/**
 * Templates of upstream files: the language of mustache, filled in piece by piece.
 *
 * mustache itself reads the template; but its own rendering takes 70 ms without a pause for 20,000 servers. Here
 * nothing is escaped, and need not be: all that goes in is harmless by itself (see servers.ts).
 */
import mustache from 'mustache';
import { messageOf } from '../../../message-of.js';
import type { UpstreamFileData } from './servers.js';

/**
 * `max_fails=0`: vitald decides, not nginx beside it. nginx would take a server out for ten seconds after one failed
 * request, the last one that is up too; see docs/outputs/nginx.md.
 */
export const defaultTemplate = `# Written by vitald ({{checker}}). Changes are lost: see docs/outputs/nginx.md.
{{#listeners}}
upstream {{name}} {
{{#servers}}
    server {{endpoint}} weight={{weight}} max_fails=0{{#down}} down{{/down}};
{{/servers}}
}
{{/listeners}}
`;

/** [kind, text or name, start, end, tokens inside]: see mustache's parser. */
type Token = readonly [kind: string, value: string, start: number, end: number, inside?: readonly Token[]];

export type Template = readonly Token[];

/** @throws Error that is for people, where tags or sections are not closed */
export function parseTemplate(text: string): Template {
  try {
    return mustache.parse(text) as unknown as Template;
  } catch (error) {
    throw new Error(`the template cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** @returns the text, in short pieces */
export function render(template: Template, data: UpstreamFileData): Generator<string> {
  return fill(template, new mustache.Context(data));
}

function* fill(tokens: Template, context: mustache.Context): Generator<string> {
  for (const [kind, value, , , inside = []] of tokens) {
    switch (kind) {
      case 'text':
        yield value;
        break;
      case 'name':
      case '&':
        yield textOf(context.lookup(value));
        break;
      case '#':
        for (const one of eachOf(context.lookup(value))) yield* fill(inside, context.push(one));
        break;
      case '^':
        if (eachOf(context.lookup(value)).length === 0) yield* fill(inside, context);
        break;
      default:
      // A comment, or a partial: there are none.
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function eachOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return value === undefined || value === null || value === false || value === '' ? [] : [value];
}

/** Checks the values of a file against the JSON Schema, and says in words for people what does not fit. */
import type { SourceDocument } from './document/source-document.js';
import { nearest } from './nearest.js';
import { shown, type ProblemList, type ValuePath } from './problem.js';
import { isHarmless, isHarmlessKey } from './quoting.js';
import type { Misfit, SchemaCheck } from './schema-check.js';
import type { JsonSchema } from './json-schema.js';
import { isSecretPlace } from './secret-places.js';

/**
 * Adds a problem for each value that does not fit, and takes those values out, so that the rest can be checked further.
 * Values taken out are in `source.broken` afterwards.
 *
 * @returns false where too much is wrong to go on
 */
export function checkStructure(source: SourceDocument, check: SchemaCheck, schema: JsonSchema, problems: ProblemList): boolean {
  if (source.root === undefined || check.isValid(source.root)) return source.root !== undefined;
  const broken: ValuePath[] = [];
  check.visit(source.root, (misfit) => {
    // Nothing more is said of a value that could not even be read: a missing key may be a broken one.
    if (source.broken.has(misfit.path)) return;
    if (problems.isFull) {
      problems.addUnlisted();
      return;
    }
    const path = [...misfit.path];
    const at = misfit.kind === 'unknown_key' || misfit.kind === 'bad_key' ? 'key' : 'value';
    problems.add(source.position(path, at), path, describe(misfit, schema, source.isFromEnvironment(path) || isSecretPlace(path, schema)));
    broken.push(path);
  });
  if (problems.isFull) return false;
  for (const path of broken) takeOut(source, path);
  return !source.broken.has([]);
}

/** @param isHidden the value must not be quoted, whatever its form */
function describe({ kind, path, schema, value }: Misfit, root: JsonSchema, isHidden: boolean): string {
  switch (kind) {
    case 'unknown_key':
      return unknownKey(String(path.at(-1)), schema, root);
    case 'bad_key':
      return `this key is not allowed; expected ${expected(schema)}`;
    case 'missing':
      return `missing; required: ${expected(schema)}`;
    case 'value':
      return misfitText(value, schema, isHidden);
    default:
      return kind satisfies never;
  }
}

function misfitText(value: unknown, schema: JsonSchema, isHidden: boolean): string {
  const hint = hintFor(value, schema, isHidden);
  return `found ${isHidden ? kindOf(value) : shown(value)}; expected ${expected(schema)}${hint === '' ? '' : ` (${hint})`}`;
}

/** What a value is, without the value. */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? 'a number' : shown(value);
}

/** What the writer probably meant. */
function hintFor(value: unknown, schema: JsonSchema, isHidden: boolean): string {
  const types = [schema.type].flat();
  if (typeof value === 'number') {
    const text = schema.enum?.find((choice): choice is string => typeof choice === 'string' && Number(choice) === value);
    if (text !== undefined) return `write it in quotes: "${text}"`;
    if (schema['x-allowed']?.startsWith('a duration') && !isHidden && isHarmless(String(value))) return `with its unit: ${value}s?`;
    if (schema.type === 'string' && schema.enum === undefined) return 'write it in quotes';
  }
  const isNumeric = types.includes('integer') || types.includes('number');
  if (typeof value === 'string' && isNumeric && /^[0-9.]+$/.test(value)) return 'write it without quotes';
  if (typeof value === 'string' && types.includes('boolean') && /^(true|false)$/.test(value)) return 'write it without quotes';
  const near = typeof value === 'string' ? nearest(value, (schema.enum ?? []).map(String)) : undefined;
  if (near !== undefined) return `did you mean ${near}?`;
  return value === null ? 'give it a value, or remove the key' : '';
}

/** What is allowed, in words. */
export function expected(schema: JsonSchema): string {
  if (schema['x-allowed'] !== undefined) return schema['x-allowed'];
  if (schema.enum !== undefined) return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return schema.maximum === undefined ? 'a whole number' : `a whole number from ${schema.minimum ?? 0} to ${schema.maximum}`;
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return schema.maxItems === undefined
        ? 'a list'
        : `a list of at most ${schema.maxItems} ${schema.maxItems === 1 ? 'entry' : 'entries'}`;
    case 'object':
      return schema.properties === undefined
        ? `a mapping of ${schema.maxProperties === undefined ? '' : `at most ${schema.maxProperties} `}keys to values`
        : `a mapping with the keys ${Object.keys(schema.properties).join(', ')}`;
    default:
      return expectedText(schema);
  }
}

function expectedText({ pattern, minLength, maxLength }: JsonSchema): string {
  const atMost = maxLength === undefined ? '' : ` of at most ${maxLength} characters`;
  const matching = pattern === undefined ? '' : ` that matches ${pattern}`;
  return `text${atMost}${matching}${minLength === undefined ? '' : ', not empty'}`;
}

/** The key itself is quoted only if it cannot be a secret that became a key by mistake. */
function unknownKey(key: string, parent: JsonSchema, root: JsonSchema): string {
  const allowed = Object.keys(parent.properties ?? {});
  if (key === '<<') return 'YAML merge keys are not used here; what listeners share goes under "defaults"';
  const unknown = `unknown key${isHarmlessKey(key) ? ` "${key}"` : ''}`;
  const near = nearest(key, allowed);
  if (near !== undefined) return `${unknown}; did you mean "${near}"?`;
  const check = root.$defs?.['check'];
  if (check !== parent && allowed.includes('check')) {
    const nearInCheck = nearest(key, Object.keys(check?.properties ?? {}));
    if (nearInCheck === key) return `${unknown}; it belongs under "check"`;
    if (nearInCheck !== undefined) return `${unknown}; did you mean "${nearInCheck}" under "check"?`;
  }
  return `${unknown}; allowed here: ${allowed.join(', ')}`;
}

function takeOut(source: SourceDocument, path: ValuePath): void {
  source.broken.add(path);
  const key = path.at(-1);
  const parent = source.value(path.slice(0, -1));
  if (key === undefined || typeof parent !== 'object' || parent === null) return;
  if (Array.isArray(parent)) parent[key as number] = undefined;
  else delete (parent as Record<string, unknown>)[key];
}

/** Checks the values of a file against the JSON Schema, and says in words for people what does not fit. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { SourceDocument } from './document/source-document.js';
import { nearest } from './nearest.js';
import { formatPath, quoted, shown, type ProblemList, type ValuePath } from './problem.js';
import type { JsonSchema } from './schema.js';

/** Errors that are told one by one; finding their places costs time. */
const mostTold = 2000;

/** Compiled once for each set of probe kinds. */
export function compileSchema(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['x-allowed', 'x-default', 'x-secret']);
  return ajv.compile(schema);
}

/**
 * Adds a problem for each value that does not fit, and takes those values out, so that the rest can be checked further.
 * Values taken out are in `source.broken` afterwards.
 *
 * @returns false where too much is wrong to go on
 */
export function checkStructure(source: SourceDocument, validate: ValidateFunction, schema: JsonSchema, problems: ProblemList): boolean {
  if (source.root === undefined || validate(source.root)) return source.root !== undefined;
  const errors = worthTelling(validate.errors ?? []);
  const told = errors.slice(0, mostTold).map((error) => describe(error, source, schema));
  // Of a value that could not even be read, nothing more is told: a missing key may be a broken one.
  const news = told.filter(({ path }) => !source.broken.has(path));
  for (const { path, at, message } of news) problems.add(source.position(path, at), formatPath(path), message);
  if (errors.length > mostTold) {
    problems.add(
      source.position([]),
      '(document)',
      `${errors.length - mostTold} more values are not as the schema wants them; mend these first`,
    );
    return false;
  }
  for (const { path } of news) takeOut(source, path);
  return !source.broken.has([]);
}

interface Complaint {
  readonly path: ValuePath;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** One error for each value: the first that ajv met, without what only explains another. */
function worthTelling(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  const seen = new Set<string>();
  return errors.filter((error) => {
    if (error.keyword === 'if' || error.propertyName !== undefined) return false;
    if (choices.some((choice) => choice !== error && isBranchOf(error, choice))) return false;
    const key = `${error.instancePath} ${ownKey(error)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** An error inside one alternative of `anyOf` says nothing: another alternative may be meant. */
function isBranchOf(error: ErrorObject, choice: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${choice.schemaPath}/`) && error.instancePath.startsWith(choice.instancePath);
}

interface ErrorParams {
  readonly additionalProperty?: string;
  readonly missingProperty?: string;
  readonly propertyName?: string;
}

/** The key that an error of a mapping is about. */
function ownKey(error: ErrorObject): string {
  const params = error.params as ErrorParams;
  return params.additionalProperty ?? params.missingProperty ?? params.propertyName ?? '';
}

function describe(error: ErrorObject, source: SourceDocument, schema: JsonSchema): Complaint {
  const path = pathOf(error.instancePath, source);
  const own = error.parentSchema as JsonSchema;
  const key = ownKey(error);
  switch (error.keyword) {
    case 'additionalProperties':
      return { path: [...path, key], at: 'key', message: unknownKey(key, own, schema) };
    case 'required':
      return { path: [...path, key], at: 'value', message: `missing; required: ${expected(own.properties?.[key] ?? {})}` };
    case 'propertyNames':
      return {
        path: [...path, key],
        at: 'key',
        message: `the key ${quoted(key)} is not allowed; expected ${expected((own['propertyNames'] ?? {}) as JsonSchema)}`,
      };
    default:
      return { path, at: 'value', message: misfit(error, own, own.writeOnly === true || isSecret(path, schema)) };
  }
}

/**
 * Values of headers, and what stands in an option of an output that is secret (see output-kind.ts); and somebody may have
 * written a token where its hash belongs.
 */
function isSecret(path: ValuePath, { properties }: JsonSchema): boolean {
  if (path.includes('headers') || (path.includes('tokens') && path.at(-1) !== 'role')) return true;
  const [section, kind, , option] = path;
  if (section !== 'outputs') return false;
  const options = properties?.['outputs']?.properties?.[String(kind)]?.items?.properties;
  return options?.[String(option)]?.['x-secret'] === true;
}

/** ajv's path has no types: whether a step is a place in a list is seen in the value. */
function pathOf(pointer: string, source: SourceDocument): ValuePath {
  const path: (string | number)[] = [];
  let value = source.root;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(key) : key);
    value = (value as Record<string, unknown>)[key];
  }
  return path;
}

function misfit(error: ErrorObject, schema: JsonSchema, isSecret: boolean): string {
  const isScalar = typeof error.data === 'string' || typeof error.data === 'number';
  const found = isSecret && isScalar ? `a ${typeof error.data === 'string' ? 'text' : 'number'}` : shown(error.data);
  const hint = hintFor(error.data, schema);
  return `found ${found}; expected ${expected(schema)}${hint === '' ? '' : ` (${hint})`}`;
}

/** What the writer probably meant. */
function hintFor(value: unknown, schema: JsonSchema): string {
  const types = [schema.type].flat();
  if (typeof value === 'number') {
    const text = schema.enum?.find((choice): choice is string => typeof choice === 'string' && Number(choice) === value);
    if (text !== undefined) return `write it in quotes: "${text}"`;
    if (schema['x-allowed']?.startsWith('a duration')) return `with its unit: ${value}s?`;
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

function unknownKey(key: string, parent: JsonSchema, root: JsonSchema): string {
  const allowed = Object.keys(parent.properties ?? {});
  if (key === '<<') return 'YAML merge keys are not used here; what listeners share goes under "defaults"';
  const near = nearest(key, allowed);
  if (near !== undefined) return `unknown key ${quoted(key)}; did you mean "${near}"?`;
  const check = root.$defs?.['check'];
  if (check !== parent && allowed.includes('check')) {
    const nearInCheck = nearest(key, Object.keys(check?.properties ?? {}));
    if (nearInCheck === key) return `unknown key ${quoted(key)}; it belongs under "check"`;
    if (nearInCheck !== undefined) return `unknown key ${quoted(key)}; did you mean "${nearInCheck}" under "check"?`;
  }
  return `unknown key ${quoted(key)}; allowed here: ${allowed.join(', ')}`;
}

function takeOut(source: SourceDocument, path: ValuePath): void {
  source.broken.add(path);
  const key = path.at(-1);
  const parent = source.value(path.slice(0, -1));
  if (key === undefined || typeof parent !== 'object' || parent === null) return;
  if (Array.isArray(parent)) parent[key as number] = undefined;
  else delete (parent as Record<string, unknown>)[key];
}

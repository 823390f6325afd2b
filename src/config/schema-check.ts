/**
 * Holds values against the JSON Schema of the configuration.
 *
 * ajv compiles the whole schema for the common case: is everything right? It cannot list what is wrong in bounded time:
 * with `allErrors` it copies all earlier errors at each `$ref`, so that 500,000 wrong list entries took minutes and
 * gigabytes. So a file that is not right is walked here, container by container, and ajv judges only single values.
 * The time is linear in the size of the document, and the caller decides how many misfits it wants to keep.
 */
import { createHash } from 'node:crypto';
import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import { precompiledValidators } from './precompiled-validators.js';
import type { ValuePath } from './problem.js';
import type { JsonSchema } from './json-schema.js';
import { resolveRef } from './schema.js';

/**
 * What does not fit:
 * - `value`: the value itself
 * - `unknown_key`: the last step of the path is a key that the mapping does not have
 * - `bad_key`: the last step of the path is a key of a form that is not allowed
 * - `missing`: the last step of the path is a key that must be there
 */
export type MisfitKind = 'value' | 'unknown_key' | 'bad_key' | 'missing';

export interface Misfit {
  readonly kind: MisfitKind;
  /** Reused for the next misfit: copy it to keep it. */
  readonly path: ValuePath;
  /** `value`, `missing`: the schema of the value. `unknown_key`: that of the mapping. `bad_key`: that of its keys. */
  readonly schema: JsonSchema;
  /** The value that was found; undefined if it is missing. */
  readonly value: unknown;
}

type Report = (misfit: Misfit) => void;

/** @param options beyond the usual ones */
export function createAjv(options: Options = {}): Ajv2020 {
  const ajv = new Ajv2020({ allowUnionTypes: true, strictTypes: false, strictRequired: false, ...options });
  ajv.addVocabulary(['x-allowed', 'x-default', 'x-secret']);
  return ajv;
}

/** Names a schema by its text: a validator that was generated from any other schema is never taken for it. */
export function schemaKey(schema: JsonSchema): string {
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex');
}

export class SchemaCheck {
  readonly #root: JsonSchema;
  /** Made when something has to be compiled. */
  #ajv: Ajv2020 | undefined;
  readonly #isValid: (value: unknown) => boolean;
  /** By schema node: what the node says of its value alone, without what is inside. Compiled when first needed. */
  readonly #own = new WeakMap<JsonSchema, ValidateFunction>();

  constructor(schema: JsonSchema) {
    this.#root = schema;
    this.#isValid = precompiledValidators.get(schemaKey(schema)) ?? this.#compile(schema);
  }

  /** The schema is not a user's: tests hold it against the schema of schemas, which takes longer than compiling it. */
  #compile(schema: JsonSchema): ValidateFunction {
    this.#ajv ??= createAjv({ validateSchema: false });
    return this.#ajv.compile(schema);
  }

  /** Whether everything fits. */
  isValid(value: unknown): boolean {
    return this.#isValid(value);
  }

  /** Calls `report` for each misfit, in the order of the document. Values that are undefined are passed over. */
  visit(value: unknown, report: Report): void {
    this.#visit(value, this.#root, [], report);
  }

  #visit(value: unknown, node: JsonSchema, path: (string | number)[], report: Report): void {
    if (value === undefined) return;
    const schema = resolveRef(this.#root, node);
    if (!this.#fits(value, schema)) report({ kind: 'value', path, schema, value });
    // A list that is too long is looked at as well.
    const types = [schema.type].flat();
    if (Array.isArray(value)) {
      if (types.includes('array')) this.#visitList(value, schema, path, report);
    } else if (typeof value === 'object' && value !== null && types.includes('object')) {
      this.#visitMapping(value as Record<string, unknown>, schema, path, report);
    }
  }

  #visitList(list: readonly unknown[], { items }: JsonSchema, path: (string | number)[], report: Report): void {
    if (items === undefined) return;
    for (const [index, item] of list.entries()) {
      path.push(index);
      this.#visit(item, items, path, report);
      path.pop();
    }
  }

  #visitMapping(mapping: Readonly<Record<string, unknown>>, schema: JsonSchema, path: (string | number)[], report: Report): void {
    const { properties = {}, required = [] } = schema;
    for (const key of required) {
      if (Object.hasOwn(mapping, key)) continue;
      path.push(key);
      report({ kind: 'missing', path, schema: resolveRef(this.#root, properties[key] ?? {}), value: undefined });
      path.pop();
    }
    for (const key of Object.keys(mapping)) {
      path.push(key);
      if (Object.hasOwn(properties, key)) this.#visit(mapping[key], properties[key]!, path, report);
      else this.#visitOther(key, mapping[key], schema, path, report);
      path.pop();
    }
  }

  /** A key that `properties` does not name. */
  #visitOther(key: string, value: unknown, schema: JsonSchema, path: (string | number)[], report: Report): void {
    const { additionalProperties: others, propertyNames: names } = schema;
    if (others === false) {
      report({ kind: 'unknown_key', path, schema, value });
      return;
    }
    if (names !== undefined && !this.#fits(key, names)) report({ kind: 'bad_key', path, schema: names, value });
    if (typeof others === 'object') this.#visit(value, others, path, report);
  }

  #fits(value: unknown, schema: JsonSchema): boolean {
    if (schema.uniqueItems === true && Array.isArray(value) && new Set(value).size < value.length) return false;
    let validate = this.#own.get(schema);
    if (validate === undefined) this.#own.set(schema, (validate = this.#compile(ownKeywords(schema))));
    return validate(value);
  }
}

/** Keywords about what is inside a value: {@link SchemaCheck} follows them itself. */
const inner = new Set(['properties', 'required', 'additionalProperties', 'propertyNames', 'items', 'uniqueItems', '$defs', '$schema']);

function ownKeywords(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !inner.has(keyword)));
}

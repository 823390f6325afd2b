/**
 * Bodies are data, not text: what has another type than it should is refused. Query and path are text, and their values
 * are converted; for a body that would mean that `"weight": null` takes a backend out of traffic.
 */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { JsonSchema } from '../../config/json-schema.js';
import type { Schema } from '../http/route.js';
import { compileLazily } from './lazy-compiler.js';

const strict = new Ajv({ strict: false, verbose: true, validateSchema: false });
const converting = new Ajv({ strict: false, verbose: true, validateSchema: false, coerceTypes: true, useDefaults: true });

/** For routes with a body. @param bodyIsChecked the handler does so */
export function bodyCompiler(bodyIsChecked: boolean): FastifySchemaCompiler<Schema> {
  return ({ schema, httpPart }) => {
    if (httpPart === 'body' && bodyIsChecked) return () => true;
    return compileLazily(httpPart === 'body' ? strict : converting, schema) as ReturnType<FastifySchemaCompiler<Schema>>;
  };
}

/** The first thing that is wrong, as a clause; undefined: nothing is. */
export function dataChecker(schema: Schema): (data: unknown) => string | undefined {
  const validate = compileLazily(strict, schema);
  return (data) => (validate(data) ? undefined : clause(validate.errors![0]!));
}

/** What ajv says of a body, as a sentence. */
export function bodyMessage(error: Pick<ErrorObject, 'keyword' | 'instancePath' | 'params' | 'parentSchema' | 'data'>): string {
  return error.instancePath === '' && error.keyword === 'type' ? 'The body must be a JSON object.' : `In the body, ${clause(error)}.`;
}

function clause({ keyword, instancePath, params, parentSchema = {}, data }: Parameters<typeof bodyMessage>[0]): string {
  const where = instancePath.slice(1).replaceAll('/', '.');
  const inside = where === '' ? '' : ` of \`${where}\``;
  if (keyword === 'required') return `\`${String(params.missingProperty)}\`${inside} is missing`;
  if (keyword === 'additionalProperties') {
    const known = Object.keys((parentSchema.properties as object | undefined) ?? {}).map((name) => `\`${name}\``);
    return `${shown(params.additionalProperty)}${inside} is not known; known are ${known.join(', ')}`;
  }
  return `${where === '' ? 'it' : `\`${where}\``} must be ${allowed(parentSchema)}, not ${shown(data)}`;
}

function allowed(schema: JsonSchema): string {
  const { type, enum: values, minimum, maximum, minLength, maxLength, maxItems } = schema;
  const words = schema['x-allowed'];
  if (typeof words === 'string') return words;
  if (Array.isArray(values)) return `one of ${values.join(', ')}`;
  if (type === 'integer' || type === 'number')
    return `a ${type === 'integer' ? 'whole ' : ''}number from ${Number(minimum)} to ${Number(maximum)}`;
  if (type === 'array') return `a list of at most ${Number(maxItems)}`;
  if (type === 'object') return 'an object';
  return `text of ${minLength ?? 0} to ${Number(maxLength)} characters`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Turns what ajv says of query and path parameters into one sentence for the person who asked. */
import { closest } from 'fastest-levenshtein';

/** The parts of an ajv error that are used; `verbose` adds the schema and the value. */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
}

/** @param where querystring or params, as fastify names it */
export function validationMessage(error: SchemaError, where: string | undefined): string {
  const kind = where === 'params' ? 'path parameter' : 'query parameter';
  if (error.keyword === 'additionalProperties') {
    return unknownParameter(String(error.params.additionalProperty), Object.keys(error.parentSchema?.properties ?? {}), kind);
  }
  const name = error.instancePath.slice(1);
  if (error.keyword === 'maxItems') return `The ${kind} \`${name}\` may be given at most ${Number(error.params.limit)} times.`;
  if (Array.isArray(error.data)) return `The ${kind} \`${name}\` may be given only once.`;
  return `The ${kind} \`${name}\` must be ${allowed(error.parentSchema ?? {})}, not ${JSON.stringify(shortened(error.data))}.`;
}

function unknownParameter(found: string, known: readonly string[], kind: string): string {
  const what = `Unknown ${kind} ${JSON.stringify(shortened(found))}`;
  if (known.length === 0) return `${what}; this call takes none.`;
  return `${what}; did you mean \`${closest(found.slice(0, 100), known)}\`? Known are: ${known.map((name) => `\`${name}\``).join(', ')}.`;
}

function allowed(schema: Readonly<Record<string, unknown>>): string {
  const { type, enum: values, minimum, maximum, maxLength, examples } = schema;
  if (Array.isArray(values)) return `one of ${values.join(', ')}`;
  if (Array.isArray(examples)) return `a value such as ${examples.join(', ')}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'integer') return `a whole number from ${Number(minimum)} to ${Number(maximum)}`;
  return maxLength === undefined ? 'text' : `text of at most ${Number(maxLength)} characters`;
}

function shortened(value: unknown): unknown {
  return typeof value === 'string' && value.length > 60 ? `${value.slice(0, 60)}…` : value;
}

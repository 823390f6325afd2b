/** Requests made from an OpenAPI document: what it allows, and what it does not. */
import fc, { type Arbitrary } from 'fast-check';
import { damaged, damages } from './bytes.js';
import { textOf, wellFormed } from './texts.js';

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Json;
}

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Json }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Json>> };
}

export interface ApiRequest {
  /** As in the document: `GET /v1/listeners/{listener}`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Names that lead somewhere, so that not every request ends with 404. */
const knownNames = ['web', 'dns', 'app-1', 'app-2', 'app-3', 'none', '[::1]:53'];

/** Durations that a test can wait for. */
const shortWaits = ['0ms', '1ms', '5ms'];

const deepest = 4;

/** Values of a schema, and now and then others. */
function valueOf(schema: Json, document: OpenApi, depth = 0): Arbitrary<unknown> {
  if (depth > deepest) return fc.constant(null);
  const inner = (one: unknown): Arbitrary<unknown> => valueOf((one ?? {}) as Json, document, depth + 1);
  const { $ref, enum: choices, anyOf, oneOf, examples, type } = schema as Json & { anyOf?: unknown[]; oneOf?: unknown[] };
  if (typeof $ref === 'string') return inner(document.components?.schemas?.[$ref.split('/').at(-1)!]);
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as unknown[]));
  const several = anyOf ?? oneOf;
  if (Array.isArray(several)) return fc.oneof(...several.map(inner));
  const given = Array.isArray(examples) && examples.length > 0 ? [fc.constantFrom(...(examples as unknown[]))] : [];
  const kinds = (Array.isArray(type) ? type : [type]) as unknown[];
  return fc.oneof(...given, ...kinds.map((kind) => valueOfType(kind, schema, inner)));
}

function valueOfType(type: unknown, schema: Json, inner: (one: unknown) => Arbitrary<unknown>): Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: Number(schema['minimum'] ?? 0), max: Number(schema['maximum'] ?? 1000) }),
        fc.integer(),
        fc.double(),
      );
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(inner(schema['items']), { maxLength: 4 });
    case 'object': {
      const properties = Object.entries((schema['properties'] ?? {}) as Json).map(([name, one]) => [name, inner(one)] as const);
      return fc.record(Object.fromEntries(properties), { requiredKeys: [] });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function stringOf({ pattern, maxLength = 40 }: Json): Arbitrary<string> {
  const known = fc.constantFrom(...knownNames, '10.0.0.9', 'fd00::9', 'x', '');
  const any = textOf('abc/%?&=:.[]\0\n"', Math.min(Number(maxLength), 60));
  if (typeof pattern !== 'string') return fc.oneof(known, any);
  return fc.oneof({ weight: 4, arbitrary: matching(pattern) }, { weight: 1, arbitrary: known }, { weight: 1, arbitrary: any });
}

/** Not every pattern can be turned round. */
function matching(pattern: string): Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    return fc.constant('');
  }
}

/** Any value as a query has it: text, or several of them. */
function queryText(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(queryText);
  return [typeof value === 'string' ? value : (JSON.stringify(value) ?? '')];
}

/** Percent-encoded, lone surrogates included, which `encodeURIComponent` refuses. */
function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text));
}

const headers: Arbitrary<Readonly<Record<string, string>>> = fc.dictionary(
  fc.constantFrom(
    'if-none-match',
    'if-match',
    'accept',
    'accept-encoding',
    'last-event-id',
    'authorization',
    'content-type',
    'x-forwarded-for',
  ),
  fc.oneof(
    fc.constantFrom('*', '"1"', 'W/"x"', 'gzip', 'br;q=x', 'Bearer x', 'application/json', 'text/plain', 'application/json; charset=x', ''),
    fc.stringMatching(/^[ -~]{0,60}$/),
  ),
  { maxKeys: 3 },
);

/** Changes of a request that the document does not allow. */
interface Mutation {
  readonly kind: 'none' | 'method' | 'path' | 'query' | 'body' | 'raw body';
  readonly text: string;
  readonly method: string;
  readonly json: string;
}

const mutation: Arbitrary<Mutation> = fc.record({
  kind: fc.oneof({ weight: 3, arbitrary: fc.constant('none' as const) }, fc.constantFrom('method', 'path', 'query', 'body', 'raw body')),
  text: textOf('abc/%?&=:.[]#', 30),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'),
  json: fc.oneof(
    fc.json(),
    fc
      .tuple(fc.constant('{"mode":"maintenance","reason":"x","backends":[{"address":"10.0.0.9"}]}'), damages)
      .map(([text, harm]) => damaged(Buffer.from(text), harm).toString('latin1')),
    fc.constantFrom('{"a":1,"a":2}', '{"__proto__":{"x":1}}', '['.repeat(5000), '{"a":'.repeat(5000), '1e999', '"\\ud800"', ''),
  ),
});

function mutated(request: ApiRequest, { kind, text, method, json }: Mutation): ApiRequest {
  switch (kind) {
    case 'none':
      return request;
    case 'method':
      return { ...request, method };
    case 'path':
      return { ...request, url: `/${encodeURI(wellFormed(text))}${request.url}` };
    case 'query':
      return { ...request, url: `${request.url}${request.url.includes('?') ? '&' : '?'}${encoded(text)}=${encoded(text)}` };
    case 'body':
    case 'raw body':
      return { ...request, body: json };
    default:
      return kind satisfies never;
  }
}

function requestOf(path: string, method: string, operation: Operation, document: OpenApi): Arbitrary<ApiRequest> {
  const parameters = operation.parameters ?? [];
  const values = parameters.map(({ name, in: where, schema = {} }) =>
    name === 'wait'
      ? fc.constantFrom(...shortWaits)
      : where === 'path'
        ? fc.oneof(fc.constantFrom(...knownNames), stringOf(schema))
        : valueOf(schema, document),
  );
  const bodySchema = operation.requestBody?.content?.['application/json']?.schema;
  const body = bodySchema === undefined ? fc.constant(undefined) : valueOf(bodySchema, document).map((value) => JSON.stringify(value));
  const present = fc.array(fc.boolean(), { minLength: parameters.length, maxLength: parameters.length });
  // A stream of events has no end: only its refusals can be waited for.
  const isStream = '200' in operation.responses && 'text/event-stream' in (operation.responses['200'].content ?? {});
  return fc.tuple(fc.tuple(...values), present, body, headers).map(([all, isThere, text, more]) => {
    let url = path;
    const query: string[] = isStream ? ['unknown=1'] : [];
    for (const [index, { name, in: where, required }] of parameters.entries()) {
      const value = all[index];
      if (where === 'path') url = url.replace(`{${name}}`, encoded(String(value)));
      else if (where === 'query' && (isThere[index] || required)) query.push(...queryText(value).map((one) => `${name}=${encoded(one)}`));
    }
    if (query.length > 0) url += `?${query.join('&')}`;
    const withType = text === undefined ? more : { 'content-type': 'application/json', ...more };
    return { operation: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), url, headers: withType, body: text };
  });
}

/** @param without operations that are not asked for, by their id */
export function requestsFrom(document: OpenApi, without: readonly string[] = []): Arbitrary<ApiRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !without.includes(operationId ?? ''))
      .map(([method, operation]) => requestOf(path, method, operation, document)),
  );
  return fc.tuple(fc.oneof(...operations), mutation).map(([request, change]) => mutated(request, change));
}

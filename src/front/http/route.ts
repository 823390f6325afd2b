/** What a call of the API is made of. docs/api.md, OpenAPI and the server are all made from the same list (api/routes.ts). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from '../../config/roles.js';

/** What a call asks of its caller; `metrics` and `health` are as `read`, but can be opened to every client. */
export type Needed = Role | 'metrics' | 'health';

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Parameters {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties: false;
}

/** One possible answer. */
export interface Answer {
  readonly description: string;
  /** Without a body, and without content. */
  readonly type?: 'null';
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** @typeParam Deps what its handler works with */
export interface Route<Deps = never> {
  /** Default: GET. Only those change anything, or make work, that are not GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /**
   * The least that its caller must be allowed; default: `read` for GET, `operate` for the others. `metrics` and `health`
   * are `read` too, unless the configuration opens them.
   */
  readonly access?: Needed;
  /** The most bytes of its body, where it takes one; default: see limits.ts. */
  readonly bodyBytes?: number;
  /** The handler checks the body by itself, the schema is for the documentation: a list, of which all problems are told. */
  readonly checksBody?: boolean;
  /** Path with `:name` for its parameters. */
  readonly url: string;
  readonly schema: {
    readonly operationId: string;
    readonly tags: readonly [string];
    readonly summary: string;
    readonly description: string;
    readonly params?: Parameters;
    readonly querystring: Parameters;
    /** JSON; without it the call takes no body. */
    readonly body?: Schema;
    readonly response: Readonly<Record<string, Answer>>;
  };
  /** Paths to try, for the documentation. */
  readonly examples: readonly string[];
  /** What to send to them, where the call takes a body. */
  readonly exampleBody?: Readonly<Record<string, unknown>>;
  handler(deps: Deps): Handler;
}

/** The path as people write it: `{name}` for parameters, one colon where the router wants two. */
export function shownPath(url: string): string {
  return url.replace(/(?<!:):(\w+)/g, '{$1}').replaceAll('::', ':');
}

/** For calls without query parameters: any is a mistake. */
export const noQuery: Parameters = { type: 'object', properties: {}, additionalProperties: false };

/** An answer in JSON that follows one of the shared schemas (api/schemas/index.ts). */
export function jsonAnswer(description: string, schemaId: string): Answer {
  return { description, content: { 'application/json': { schema: { $ref: `${schemaId}#` } } } };
}

export function problemAnswer(description: string): Answer {
  return { description, content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } };
}

export function textAnswer(description: string, mediaType: string): Answer {
  return { description, content: { [mediaType]: { schema: { type: 'string' } } } };
}

export function emptyAnswer(description: string): Answer {
  return { description, type: 'null', content: {} };
}

/** Every call can be asked wrongly. */
export const badRequest = { 400: problemAnswer('A parameter is unknown or has a value that is not allowed.') };

/** @returns what a call asks of its caller */
export function neededFor({ method = 'GET', access }: Route): Needed {
  return access ?? (method === 'GET' ? 'read' : 'operate');
}

/** What a call of the API is made of. docs/api.md, OpenAPI and the server are all made from the same list (routes.ts). */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Control } from '../control/control.js';
import type { Diagnoses } from '../diagnoses.js';
import type { Access, Needed } from '../access/access.js';
import type { Outputs } from '../outputs/outputs.js';
import type { Metrics } from '../metrics/registry.js';
import type { FrontState } from '../view/state.js';

/** What handlers work with. */
export interface ApiDeps {
  readonly state: FrontState;
  readonly metrics: Metrics;
  readonly diagnoses: Diagnoses;
  readonly outputs: Outputs;
  readonly control: Control;
  /** Undefined: as the plan in `state` says. */
  readonly access?: Access;
  readonly version: string;
  readonly log: FastifyBaseLogger;
}

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

export interface Route {
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
  handler(deps: ApiDeps): Handler;
}

/** The path as people write it: `{name}` for parameters, one colon where the router wants two. */
export function shownPath(url: string): string {
  return url.replace(/(?<!:):(\w+)/g, '{$1}').replaceAll('::', ':');
}

/** For calls without query parameters: any is a mistake. */
export const noQuery: Parameters = { type: 'object', properties: {}, additionalProperties: false };

/** An answer in JSON that follows one of the shared schemas (schemas/index.ts). */
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

/** The refusal of a request that would make a client hold more than it may; docs/api.md, "What clients may hold". */
import { CodedError } from '../../errors.js';

export interface ReachedLimit {
  /** Name of the limit: a row of the table in holds.ts or http/limits.ts. */
  readonly limit: string;
  /** Whose share is used up. */
  readonly scope: 'connection' | 'caller' | 'all';
  readonly most: number;
  /** What is counted, in plural: `held requests`. */
  readonly what: string;
  /** Key in the configuration that sets the limit; undefined: the limit is fixed. */
  readonly key?: string | undefined;
}

const scopes = { connection: 'of one connection', caller: 'of one caller', all: 'of all callers together' } as const;

/** Seconds after which a refused client may try again: `Retry-After`. */
export const retryAfterSeconds = 5;

export class LimitReached extends CodedError {
  readonly #reached: ReachedLimit;

  constructor(reached: ReachedLimit) {
    super('limit_reached', limitSentence(reached));
    this.#reached = reached;
  }

  override get members(): Readonly<Record<string, unknown>> {
    return limitMembers(this.#reached);
  }
}

export function limitSentence({ what, most, scope, key }: ReachedLimit): string {
  const remedy = key === undefined ? 'the limit is fixed' : `the limit is ${key} in the configuration`;
  return `At most ${most} ${what} ${scopes[scope]} are allowed at a time; ${remedy}. Try again in ${retryAfterSeconds} s.`;
}

/** Members of the problem document, for programs. */
export function limitMembers({ limit, scope, most, key }: ReachedLimit): Readonly<Record<string, unknown>> {
  return { limit, scope, most, key: key ?? null };
}

/**
 * What an output is: a connection from verdicts to a load balancer or another system.
 *
 * Rules for all of them: nothing here blocks or throws, whatever the other side does; an output that fails or hangs
 * tries again by itself and then brings the other side to the present state, not through the past; it holds no memory
 * that grows while the other side is away.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { OutputDefinition } from '../../config/output-kind.js';
import type { Change } from '../../messages.js';
import type { Route } from '../http/route.js';
import type { OutputState } from '../retry/output-state.js';
import type { FrontState } from '../view/state.js';
import type { BackendsView } from './backends-view.js';

export type { OutputState } from '../retry/output-state.js';

/** One kind of output: what the configuration says of it, how one is made, and the calls of the API that it adds. */
export interface OutputKind extends OutputDefinition {
  create(context: OutputContext): Output;
  /** They answer with `output_not_configured` where no output of the kind is. */
  readonly routes?: readonly Route<OutputsDeps>[];
}

/** What the calls that outputs add to the API work with. */
export interface OutputsDeps {
  readonly outputs: {
    /** The first output of a kind; undefined where none is. */
    ofType(type: string): Output | undefined;
  };
  readonly state: FrontState;
  readonly holds: {
    /** Counts a request that waits for a change. @returns ends that @throws LimitReached */
    take(kind: 'held_requests', request: FastifyRequest, reply: FastifyReply): () => void;
  };
}

export interface OutputContext {
  /** Its name in the configuration. */
  readonly name: string;
  /** Its options, defaults filled in, keys as in the file; see the kind's `optionsSchema`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What is there now. */
  readonly view: BackendsView;
  /** What changed after this revision is news to the output; it may be older than the output. Undefined: the present one. */
  readonly since?: number;
  /** Names the output in every line, and leaves out its secrets (see discreet.ts). */
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly version: string;
}

export interface Output {
  /** Begins its work with all there is; from then on it is told of changes. */
  start(): void;
  /**
   * Something changed: states, routing, weights or membership; the view shows it already. Called for every batch, with
   * the changes in the order of their revisions. Must return at once.
   */
  changed(changes: readonly Change[]): void;
  state(): OutputState;
  /** Ends what is under way, within a second. */
  close(): Promise<void>;
}

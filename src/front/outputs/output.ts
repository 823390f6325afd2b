/**
 * What an output is: a connection from verdicts to a load balancer or another system.
 *
 * Rules for all of them: nothing here blocks or throws, whatever the other side does; an output that fails or hangs
 * tries again by itself and then brings the other side to the present state, not through the past; it holds no memory
 * that grows while the other side is away.
 */
import type { Logger } from 'pino';
import type { OutputDefinition } from '../../config/output-kind.js';
import type { Change } from '../../messages.js';
import type { Route } from '../http/route.js';
import type { BackendsView } from './backends-view.js';

/** One kind of output: what the configuration says of it, how one is made, and the calls of the API that it adds. */
export interface OutputKind extends OutputDefinition {
  create(context: OutputContext): Output;
  /** They answer with `output_not_configured` where no output of the kind is. */
  readonly routes?: readonly Route[];
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

/** For the API and metrics. */
export interface OutputState {
  /**
   * - `starting`: the first attempt has not ended yet, or waits for verdicts
   * - `idle`: no attempt was needed so far: nothing was to be delivered, or the other side has not asked
   * - `ok`: the last attempt succeeded
   * - `failing`: it did not, or something on the other side does not follow
   */
  readonly state: 'starting' | 'idle' | 'ok' | 'failing';
  /** The revision that the other side is known to have; undefined where that cannot be known (it asks when it likes). */
  readonly revision: number | undefined;
  /** Wall-clock ms since the epoch; undefined: never. */
  readonly lastSuccessAt: number | undefined;
  readonly lastFailureAt: number | undefined;
  /** For people: what went wrong last, and what to do; never with a secret. Undefined while `ok`. */
  readonly problem: string | undefined;
  /** Since the output began. */
  readonly successes: number;
  readonly failures: number;
  /** A few facts of the kind, for people: `connected_agents`, `last_reload` … */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

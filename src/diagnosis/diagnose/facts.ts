/**
 * What the steps of `diagnose` found out. A step writes its own fields and reads those of earlier ones; the rules read
 * all of them. A field is undefined where its step was left out.
 */
import type { Outcome } from '../../probes/one-shot.js';
import type { Evidence } from '../report.js';
import type { NetworkFacts } from './network/facts.js';
import type { ServiceFacts } from './service/facts.js';

/** Each fact is written once, by its step. */
type Found<T> = { -readonly [Fact in keyof T]?: T[Fact] };

export interface Facts {
  /** The check itself, made as the daemon makes it, several times. */
  check?: { readonly outcomes: readonly Outcome[]; readonly evidence: readonly Evidence[] };
  readonly network: Found<NetworkFacts>;
  readonly service: Found<ServiceFacts>;
}

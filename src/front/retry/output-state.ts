/** State of an output, for the API and metrics. */
export interface OutputState {
  /**
   * - `starting`: the first attempt has not ended yet, or waits for verdicts
   * - `idle`: no attempt was needed so far: nothing was to be delivered, or the other side has not asked
   * - `ok`: the last attempt succeeded
   * - `failing`: it did not, or something on the other side does not follow
   */
  readonly state: 'starting' | 'idle' | 'ok' | 'failing';
  /** The revision that the other side is known to have; undefined if that cannot be known, because the other side polls. */
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

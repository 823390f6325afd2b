/** Where a probe goes. */

export type Family = 4 | 6;

/** Where one backend is probed. Made once when a plan is put in force, then never changed. */
export interface Target<Compiled = unknown> {
  /** The backend's row in the status table; also the id of its timer. A slot has at most one probe in flight. */
  readonly slot: number;
  /** An IP address in its usual text form, without brackets. */
  readonly address: string;
  readonly family: Family;
  /** The check port. */
  readonly port: number;
  /** What {@link Probe.compile} made of the listener's check; the same object for all backends of a listener. */
  readonly compiled: Compiled;
}

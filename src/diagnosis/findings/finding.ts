/** What the table says of a finding. */

/** Who has to mend it. `check`: its configuration. */
export type FaultAt = 'backend' | 'network' | 'check' | 'checker';

export interface FindingInfo {
  readonly at: FaultAt;
  /** The finding in a few words. */
  readonly title: string;
  /** For the documentation: what it means, and how it comes to be. */
  readonly meaning: string;
  /** For the documentation: how it is found, and what it must be told apart from. */
  readonly foundBy: string;
  /** The commands are for the backend, or for the machine that `text` names. */
  readonly remedy: { readonly text: string; readonly linux: readonly string[]; readonly windows: readonly string[] };
}

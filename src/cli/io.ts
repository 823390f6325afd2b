/** Where a command writes; main.ts connects it to the terminal. */
export interface Io {
  /** The answer. */
  out(text: string): void;
  /** What is said about it: problems, hints. */
  err(text: string): void;
  /** Called by a command that only follows a daemon: the process ends as soon as what it writes cannot be read any more. */
  endWhenClosed?(): void;
  /** Whether the answer goes to a terminal that shows colours. */
  readonly color: boolean;
  /** Width of that terminal; undefined: there is none. */
  readonly columns?: number | undefined;
  /** Its height. */
  readonly rows?: number | undefined;
  /**
   * Shows how far it is, each text in the place of the one before; empty: nothing any more. Undefined where nobody
   * watches.
   */
  progress?(text: string): void;
}

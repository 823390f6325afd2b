/** How it goes with the files of the state folder: for metrics, the page and the log. */
import type { CodedError } from '../../errors.js';

/** `control`: overrides and runtime backends. `verdicts`: states, runs and transition counts. */
export type StateFile = 'control' | 'verdicts';

export interface SaveRecord {
  readonly file: StateFile;
  /** Wall-clock ms since the epoch; undefined: not by this process. */
  readonly savedAt: number | undefined;
  readonly failures: number;
  /** A sentence for people; undefined where the last save succeeded, or there was none. */
  readonly problem: string | undefined;
}

export interface StateSavesOptions {
  /** False where no state folder is configured. */
  readonly kept: boolean;
  /** Files of an earlier process that were damaged, a sentence each. */
  readonly damaged: readonly string[];
  /** Why the folder cannot be used yet (persistence/late-folder.ts); default: it can. */
  readonly unusable?: string | undefined;
  /** Takes what the log should say: when saves begin to fail, and when they succeed again. */
  tell(level: 'info' | 'error', sentence: string): void;
}

export class StateSaves {
  readonly #options: StateSavesOptions;
  #records: readonly SaveRecord[];
  #unusable: string | undefined;

  constructor(options: StateSavesOptions) {
    this.#options = options;
    this.#unusable = options.unusable;
    const files: readonly StateFile[] = options.kept ? ['control', 'verdicts'] : [];
    this.#records = files.map((file) => ({ file, savedAt: undefined, failures: 0, problem: undefined }));
  }

  /** A record for each file; none where nothing is kept. */
  get records(): readonly SaveRecord[] {
    return this.#records;
  }

  /** Files of an earlier process that were damaged, a sentence each. */
  get damaged(): readonly string[] {
    return this.#options.damaged;
  }

  /** Why the folder cannot be used; undefined: it can, or no state is kept. While it cannot be used, nothing may be written. */
  get unusable(): string | undefined {
    return this.#unusable;
  }

  /** In a word, for health checks. */
  get health(): 'ok' | 'failing' | 'none' {
    if (!this.#options.kept) return 'none';
    return this.#unusable === undefined && this.#records.every(({ problem }) => problem === undefined) ? 'ok' : 'failing';
  }

  /** Takes note that the folder can be used, or not. The engine's thread has logged it. */
  folderIs(problem: string | undefined): void {
    this.#unusable = problem;
  }

  /** Takes note of the end of a save. @param error undefined: it succeeded */
  ended(file: StateFile, error: CodedError | undefined): void {
    this.#records = this.#records.map((record) => (record.file === file ? this.#after(record, error) : record));
  }

  #after(record: SaveRecord, error: CodedError | undefined): SaveRecord {
    if (error === undefined) {
      if (record.problem !== undefined) this.#options.tell('info', `the state is saved again (${record.file})`);
      return { ...record, savedAt: Date.now(), problem: undefined };
    }
    if (record.problem === undefined && this.#unusable === undefined)
      this.#options.tell('error', `${error.message}; it is tried again, and told when it succeeds`);
    return { ...record, failures: record.failures + 1, problem: error.message };
  }
}

/** For who keeps nothing. */
export function noSaves(): StateSaves {
  return new StateSaves({ kept: false, damaged: [], tell: () => undefined });
}

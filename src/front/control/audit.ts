/** Who changed what over the API, from where and why; and what was refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { rfc3339 } from '../time.js';
import { AuditFile } from './audit-file.js';

/** What was done or asked for. */
export const auditActions = [
  'override_set',
  'override_ended',
  'override_expired',
  'weight_set',
  'weight_ended',
  'weight_expired',
  'backend_put',
  'backend_deleted',
  'backends_replaced',
  /** By a reload: the configuration has the backend now, or does not allow it any more. */
  'backend_dropped',
  'probe_asked',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** As a line of the log has it, and the API shows it. */
export interface AuditEntry {
  readonly at: string;
  readonly action: AuditAction;
  readonly listener: string;
  /** Null where the change was of the whole listener. */
  readonly backend: string | null;
  /** Name of the caller's token, certificate or socket; `vitald` for what it did by itself. */
  readonly caller: string;
  /** Whom the caller named as the author; null: nobody. */
  readonly by: string | null;
  /** Address that the request came from; null: from none. */
  readonly remote: string | null;
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
  /** `not_saved`: in force, but not on disk. */
  readonly result: 'done' | 'not_saved' | 'refused';
  /** Of a refusal. */
  readonly code: string | null;
  readonly detail: string | null;
}

/** So long an answer waits for the disk. */
const longestWaitMs = 2000;

/** Kept in memory, for the API. */
export const entriesKept = 1000;

export interface AuditOptions {
  readonly stateDir: string | undefined;
  /** Why nothing may be written to the folder now; undefined: it may. */
  blockedBy?(): string | undefined;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export class Audit {
  readonly #options: AuditOptions;
  readonly #file: AuditFile;
  /** Oldest first. */
  #entries: AuditEntry[] = [];

  constructor(options: AuditOptions) {
    this.#options = options;
    const { stateDir, log } = options;
    const blockedBy = (): string | undefined => options.blockedBy?.();
    this.#file = new AuditFile({ stateDir, blockedBy, onFailure: (sentence) => log.error({}, sentence) });
  }

  /** Reads what an earlier process, or an earlier thread of this one, has noted. */
  async start(): Promise<void> {
    const earlier = (await this.#file.tail()).slice(-entriesKept).flatMap(parsed);
    this.#entries = [...earlier, ...this.#entries].slice(-entriesKept);
  }

  /** Newest first. */
  latest(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit).reverse();
  }

  /** Resolves when it is on disk, cannot be, or takes too long: nobody's change depends on it. */
  async note(noted: Omit<AuditEntry, 'at'>): Promise<void> {
    const entry = { at: rfc3339(Date.now()), ...noted };
    this.#entries.push(entry);
    // By the hundred: to move all of them for each is not needed.
    if (this.#entries.length >= entriesKept + 100) this.#entries = this.#entries.slice(-entriesKept);
    this.#file.append(JSON.stringify(entry));
    const { log } = this.#options;
    const level = entry.result === 'done' ? 'info' : 'warn';
    log[level]({ audit: true, ...noted }, told(entry));
    await Promise.race([this.#file.flush(), sleep(longestWaitMs, undefined, { ref: false })]);
  }

  /** Writes what is not written yet. */
  close(): Promise<void> {
    return this.#file.flush();
  }
}

function parsed(line: string): AuditEntry[] {
  try {
    const entry = JSON.parse(line) as AuditEntry | null;
    return typeof entry === 'object' && entry !== null && typeof entry.at === 'string' && typeof entry.action === 'string' ? [entry] : [];
  } catch {
    // The last line of a crash.
    return [];
  }
}

/** For people. */
function told({ action, listener, backend, caller, by, result, code }: AuditEntry): string {
  const where = backend === null ? listener : `${listener}/${backend}`;
  const who = by === null || by === caller ? caller : `${by} (${caller})`;
  const outcome = result === 'done' ? '' : result === 'refused' ? `, refused: ${code ?? ''}` : ', but it could not be saved';
  return `${where}: ${action} by ${who}${outcome}`;
}

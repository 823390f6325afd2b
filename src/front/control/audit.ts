/** Who changed what over the API, from where and why; and what was refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { clientAddress } from '../http/client.js';
import { Windows } from '../http/windows.js';
import { rfc3339 } from '../http/time.js';
import { AuditFile } from './audit-file.js';
import { fairNewest } from './fair-entries.js';

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

/** `not_saved`: in force, but not on disk. */
export const auditResults = ['done', 'not_saved', 'refused'] as const;

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
  readonly result: (typeof auditResults)[number];
  /** Of a refusal. */
  readonly code: string | null;
  readonly detail: string | null;
  /** Of a refusal: how many of the same kind were left out before this one. */
  readonly left_out: number;
}

export type NotedEntry = Omit<AuditEntry, 'at' | 'left_out'>;

/** So long an answer waits for the disk. */
const longestWaitMs = 2000;

/** Changes kept in memory, for the API. */
export const entriesKept = 1000;
/** The same of requests for a probe and of refusals: they changed nothing, and must not push out what did. */
const minorKept = 200;
/** Entries over the limit before it is enforced again: to do it for each would cost too much. */
const slack = 100;
/** Of refusals alike, so many in a minute have an entry; the next window's first says how many were left out. */
const alikeInWindow = 5;
const windowMs = 60_000;
const largestMinorFileBytes = 1024 * 1024;

export interface AuditOptions {
  readonly stateDir: string | undefined;
  /** Why nothing may be written to the folder now; undefined: it may. */
  blockedBy?(): string | undefined;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** The wall clock may be set back, so entries are put in order by a number. */
interface Numbered {
  readonly number: number;
  readonly entry: AuditEntry;
}

export class Audit {
  readonly #options: AuditOptions;
  readonly #file: AuditFile;
  readonly #minorFile: AuditFile;
  readonly #alike = new Windows(windowMs);
  /** Oldest first, like the next one. */
  #changes: Numbered[] = [];
  #minor: Numbered[] = [];
  #noted = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
    const { stateDir, log } = options;
    const onFailure = (sentence: string): void => log.error({}, sentence);
    const shared = { stateDir, onFailure, blockedBy: () => options.blockedBy?.() };
    this.#file = new AuditFile(shared);
    this.#minorFile = new AuditFile({ ...shared, name: 'audit-minor.log', largestBytes: largestMinorFileBytes });
  }

  /** Reads what an earlier process, or an earlier thread of this one, has noted. */
  async start(): Promise<void> {
    const [changes, minor] = await Promise.all([this.#file.tail(), this.#minorFile.tail()]);
    // Of two files, only their times say which line came first.
    const earlier = [...changes, ...minor].flatMap(parsed).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const numbered = earlier.map((entry, index) => ({ number: index - earlier.length, entry }));
    this.#changes = [...numbered.filter(({ entry }) => !isMinor(entry)), ...this.#changes];
    this.#minor = [...numbered.filter(({ entry }) => isMinor(entry)), ...this.#minor];
    this.#trim(0);
  }

  /** Newest first. @param result only entries with this result */
  latest(limit: number, result?: AuditEntry['result']): AuditEntry[] {
    this.#trim(0);
    const all = [...this.#changes, ...this.#minor].sort((a, b) => b.number - a.number).map(({ entry }) => entry);
    return (result === undefined ? all : all.filter((entry) => entry.result === result)).slice(0, limit);
  }

  /** Resolves when it is on disk, cannot be, or takes too long: nobody's change depends on it. */
  async note(noted: NotedEntry): Promise<void> {
    const leftOut = noted.result === 'refused' ? this.#leftOutBefore(noted) : 0;
    if (leftOut === undefined) return;
    const entry = { at: rfc3339(Date.now()), ...noted, left_out: leftOut };
    const [list, file] = isMinor(entry) ? [this.#minor, this.#minorFile] : [this.#changes, this.#file];
    list.push({ number: this.#noted++, entry });
    this.#trim(slack);
    file.append(JSON.stringify(entry));
    const { log } = this.#options;
    const level = entry.result === 'done' ? 'info' : 'warn';
    log[level]({ audit: true, ...noted, ...(leftOut > 0 && { left_out: leftOut }) }, told(entry));
    await Promise.race([file.flush(), sleep(longestWaitMs, undefined, { ref: false })]);
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    await Promise.all([this.#file.flush(), this.#minorFile.flush()]);
  }

  /** How many refusals alike were left out before this one; undefined: this one is left out, too. */
  #leftOutBefore({ action, caller, remote, code }: NotedEntry): number | undefined {
    const from = clientAddress({ remoteAddress: remote ?? undefined });
    const { count, before } = this.#alike.count(JSON.stringify([caller, from, action, code]));
    return count > alikeInWindow ? undefined : Math.max(0, before - alikeInWindow);
  }

  #trim(slack: number): void {
    const callerOf = ({ entry }: Numbered): string => entry.caller;
    if (this.#changes.length > entriesKept + slack) this.#changes = fairNewest(this.#changes, entriesKept, callerOf);
    if (this.#minor.length > minorKept + slack) this.#minor = fairNewest(this.#minor, minorKept, callerOf);
  }
}

/** What changed nothing: a refusal, a probe on request. */
function isMinor({ result, action }: Pick<AuditEntry, 'result' | 'action'>): boolean {
  return result === 'refused' || action === 'probe_asked';
}

function parsed(line: string): AuditEntry[] {
  try {
    const entry = JSON.parse(line) as AuditEntry | null;
    return typeof entry === 'object' && entry !== null && typeof entry.at === 'string' && typeof entry.action === 'string'
      ? [{ ...entry, left_out: entry.left_out ?? 0 }]
      : [];
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

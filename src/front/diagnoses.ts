/**
 * Diagnoses that were asked for over the API: each runs in a process of its own, a few at a time, one for each backend.
 * The last one of each backend is kept in memory.
 */
import type { ChildProcess } from 'node:child_process';
import { env } from 'node:process';
import { secretsHider } from '../config/secrets.js';
import type { Subject } from '../diagnosis/diagnose/subject.js';
import { environmentForProbes, forkProber } from '../process/children.js';
import { instantNow, type Instant } from '../instant.js';
import type { DiagnosisReply, DiagnosisRequest } from '../diagnosis/messages.js';
import { Waiters, type Released } from './view/waiters.js';

export interface DiagnosesOptions {
  /** The program of the process; default: src/diagnosis/child.ts. */
  readonly entry?: URL;
  /** It is killed then. A diagnosis itself ends within 15 s. */
  readonly limitMs?: number;
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
}

export interface FinishedDiagnosis {
  /** Wall-clock ms since the epoch. */
  readonly finishedAt: number;
  readonly tookMs: number;
  /** The report as JSON data; undefined where `failure` says why there is none. */
  readonly report?: Readonly<Record<string, unknown>>;
  readonly failure?: string;
}

interface RunningDiagnosis {
  readonly child: ChildProcess;
  readonly startedAt: Instant;
  readonly waiters: Waiters;
  /** See access/caller-key.ts. */
  readonly caller: string;
}

/** What is known of one backend; at least one of the two is there. */
export interface KnownDiagnosis {
  readonly running?: RunningDiagnosis;
  /** The last one that ended. */
  readonly last?: FinishedDiagnosis;
}

export type BackendSubject = Subject & { readonly listener: string; readonly backend: string };

/** Processes at a time; one place is always left for another caller. */
export const diagnosisLimits = { perCaller: 2, inAll: 3 } as const;
const kept = 100;
const defaultLimitMs = 20_000;
const errorOutputKept = 4000;

export class Diagnoses {
  readonly #options: DiagnosesOptions;
  /** By listener and backend; the one that ended last is last. */
  readonly #known = new Map<string, KnownDiagnosis>();
  readonly #running = new Set<RunningDiagnosis>();
  #closing = false;

  constructor(options: DiagnosesOptions) {
    this.#options = options;
  }

  get #limitMs(): number {
    return this.#options.limitMs ?? defaultLimitMs;
  }

  of(listener: string, backend: string): KnownDiagnosis | undefined {
    return this.#known.get(keyOf({ listener, backend }));
  }

  /** @returns `joined`: one of this backend runs already; `full`: as many as may run at a time do */
  start(subject: BackendSubject, caller = ''): 'started' | 'joined' | 'full' {
    if (this.of(subject.listener, subject.backend)?.running !== undefined) return 'joined';
    if (this.#inTheWay(caller).length > 0) return 'full';
    this.#spawn(subject, caller);
    return 'started';
  }

  /** Until this caller may start one more, at most. Ms; 0: now. */
  freeWithinMs(caller = ''): number {
    const started = this.#inTheWay(caller).map(({ startedAt }) => startedAt.monotonicMs);
    return started.length === 0 ? 0 : Math.max(0, Math.min(...started) + this.#limitMs - instantNow().monotonicMs);
  }

  /** Those of which one must end before this caller may start another. */
  #inTheWay(caller: string): readonly RunningDiagnosis[] {
    const all = [...this.#running];
    const own = all.filter((running) => running.caller === caller);
    if (own.length >= diagnosisLimits.perCaller) return own;
    return all.length >= diagnosisLimits.inAll ? all : [];
  }

  /** Holds a request while the backend’s diagnosis runs. @param onGone see {@link Waiters.hold} */
  async wait(listener: string, backend: string, waitMs: number, onGone: (gone: () => void) => void): Promise<Released> {
    return (await this.of(listener, backend)?.running?.waiters.hold(0, waitMs, onGone)) ?? 'changed';
  }

  /** Ends what runs, and releases who waits for it. */
  close(): void {
    this.#closing = true;
    for (const { child, waiters } of this.#running) {
      child.kill('SIGKILL');
      waiters.close();
    }
  }

  #spawn(subject: BackendSubject, caller: string): void {
    const child = forkProber(this.#options.entry ?? new URL('../diagnosis/child.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: environmentForProbes(env),
      timeout: this.#limitMs,
      killSignal: 'SIGKILL',
    });
    const startedAt = instantNow();
    const running = { child, startedAt, waiters: new Waiters(), caller };
    const before = this.of(subject.listener, subject.backend)?.last;
    this.#running.add(running);
    this.#known.set(keyOf(subject), { running, ...(before && { last: before }) });
    void outcomeOf(child, subject).then((outcome) => {
      this.#running.delete(running);
      if (this.#closing) return;
      const now = instantNow();
      const tookMs = now.monotonicMs - startedAt.monotonicMs;
      this.#finished(subject, { finishedAt: now.wallMs, tookMs, ...outcome.shown }, outcome.errorOutput);
      running.waiters.releaseChanged(() => true);
    });
  }

  #finished(subject: BackendSubject, last: FinishedDiagnosis, errorOutput: string): void {
    const key = keyOf(subject);
    this.#known.delete(key);
    this.#known.set(key, { last });
    for (const [oldest, { running }] of this.#known) {
      if (this.#known.size <= kept) break;
      if (running === undefined) this.#known.delete(oldest);
    }
    this.#tell(subject, last, errorOutput);
  }

  #tell({ listener, backend }: BackendSubject, { report, failure, tookMs }: FinishedDiagnosis, errorOutput: string): void {
    const { log } = this.#options;
    const fields = { listener, backend, took_seconds: Math.round(tookMs) / 1000 };
    if (failure === undefined)
      log.info({ ...fields, verdict: report?.verdict, summary: report?.summary }, `${listener}/${backend} was diagnosed`);
    else
      log.error(
        { ...fields, failure, ...(errorOutput !== '' && { output: errorOutput }) },
        `the diagnosis of ${listener}/${backend} failed`,
      );
  }
}

function keyOf({ listener, backend }: { readonly listener: string; readonly backend: string }): string {
  return JSON.stringify([listener, backend]);
}

interface Outcome {
  readonly shown: Pick<FinishedDiagnosis, 'report' | 'failure'>;
  /** For the log: what the process wrote when it crashed. */
  readonly errorOutput: string;
}

/** Asks the process, and waits for its reply or its end. Never rejects. */
function outcomeOf(child: ChildProcess, subject: BackendSubject): Promise<Outcome> {
  const hide = secretsHider(subject.check.options) ?? ((text: string) => text);
  let errorOutput = '';
  child.stderr?.on('data', (data: Buffer) => {
    errorOutput = (errorOutput + data.toString('utf8')).slice(-errorOutputKept);
  });
  return new Promise((resolve) => {
    const end = (shown: Outcome['shown']): void => {
      if (child.connected) child.disconnect();
      resolve({ shown, errorOutput: hide(errorOutput).trim() });
    };
    child.once('message', (reply: DiagnosisReply) => end(reply));
    child.once('error', (error) => end({ failure: `its process could not be started: ${error.message}` }));
    child.once('close', (code, signal) => end({ failure: endOf(code, signal) }));
    // Where it could not be started there is no channel; `error` tells.
    if (child.connected) child.send({ subject } satisfies DiagnosisRequest, () => undefined);
  });
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'it took too long and was ended';
  return `its process ended without a result (${signal ?? `exit code ${String(code)}`}); the log of vitald has more`;
}

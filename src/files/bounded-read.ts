/**
 * Reads regular files with a time limit.
 *
 * A file on a network file system whose server is gone keeps one thread of libuv's pool (four by default) until the
 * server is back, however long the caller waits. So there is at most one attempt for each path at a time, and at most
 * {@link mostAtOnce} in all; others wait their turn. The other threads stay free for the log, the state folder and name
 * resolution.
 */
import { FileRefused, readRegularFileAsync } from './regular-file.js';

export interface BoundedReadOptions {
  /** Larger files are refused. */
  readonly mostBytes: number;
  /** How long a caller waits, ms; default: {@link defaultLimitMs}. */
  readonly limitMs?: number;
}

const defaultLimitMs = 5000;
const mostAtOnce = 2;

/** A file that does not answer. The message is a clause that follows "cannot be read: ". */
export class FileHangs extends FileRefused {}

/** One read of one file, for all who ask for it meanwhile. */
interface Attempt {
  readonly path: string;
  readonly mostBytes: number;
  /** Settles with the file. */
  readonly result: Promise<Buffer>;
  readonly resolve: (bytes: Promise<Buffer>) => void;
  /** Undefined while it waits its turn. */
  startedAtMs: number | undefined;
  /** True once a caller has given up. */
  hangs: boolean;
}

export class BoundedReader {
  /** Those that run, and those that wait, in the order in which they were asked for. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #read: typeof readRegularFileAsync;

  /** @param read replaces the file system in tests */
  constructor(read: typeof readRegularFileAsync = readRegularFileAsync) {
    this.#read = read;
  }

  /** @throws FileHangs when the limit is over; FileRefused; Error of the file system */
  async read(path: string, { mostBytes, limitMs = defaultLimitMs }: BoundedReadOptions): Promise<Buffer> {
    const known = this.#attempts.get(path);
    if (known?.hangs === true) throw new FileHangs(doesNotAnswer(performance.now() - known.startedAtMs!));
    const hanging = this.#running.filter(({ hangs }) => hangs);
    if (hanging.length >= mostAtOnce) throw notTried(hanging);
    const attempt = known ?? newAttempt(path, mostBytes);
    this.#attempts.set(path, attempt);
    this.#next();
    return await this.#limited(attempt, limitMs);
  }

  get #running(): Attempt[] {
    return [...this.#attempts.values()].filter(({ startedAtMs }) => startedAtMs !== undefined);
  }

  /** Starts as many of those that wait as may run. */
  #next(): void {
    for (const attempt of this.#attempts.values()) {
      if (this.#running.length >= mostAtOnce) return;
      if (attempt.startedAtMs === undefined) this.#start(attempt);
    }
  }

  #start(attempt: Attempt): void {
    const { path, mostBytes, resolve } = attempt;
    attempt.startedAtMs = performance.now();
    resolve(
      this.#read(path, mostBytes).finally(() => {
        this.#attempts.delete(path);
        this.#next();
      }),
    );
  }

  #limited(attempt: Attempt, limitMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#giveUp(attempt, limitMs)), limitMs);
      attempt.result.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #giveUp(attempt: Attempt, limitMs: number): FileHangs {
    if (attempt.startedAtMs !== undefined) {
      attempt.hangs = true;
      return new FileHangs(doesNotAnswer(limitMs));
    }
    this.#attempts.delete(attempt.path);
    return notTried(this.#running);
  }
}

function newAttempt(path: string, mostBytes: number): Attempt {
  let resolve: Attempt['resolve'] = () => undefined;
  const result = new Promise<Buffer>((settle) => (resolve = settle));
  // Every caller may have given up by the time it fails.
  result.catch(() => undefined);
  return { path, mostBytes, result, resolve, startedAtMs: undefined, hangs: false };
}

function notTried(running: readonly Attempt[]): FileHangs {
  return new FileHangs(`it is not tried while other files do not answer: ${running.map(({ path }) => path).join(', ')}`);
}

function doesNotAnswer(ms: number): string {
  return `its file system has not answered for ${Math.round(ms / 1000)} s`;
}

const ofThisThread = new BoundedReader();

/** Reads a file by the {@link BoundedReader} of this thread. */
export function readBounded(path: string, options: BoundedReadOptions): Promise<Buffer> {
  return ofThisThread.read(path, options);
}

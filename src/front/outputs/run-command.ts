/**
 * Runs a program to its end: without a shell, in a process group of its own, for so long at most.
 *
 * The group is there so that nothing is left when the time is over: a script is killed together with the programs that it
 * started. What a program leaves running after it has ended by itself (a server that it was to start) is left alone.
 */
import type { ChildProcessByStdio } from 'node:child_process';
// A process group can only be signalled this way; it is always the child's.
import { kill } from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { startProgram } from '../../process/children.js';

export interface RunCommandOptions {
  /** For its standard input, which is closed then. A program that does not read it is no failure. */
  readonly input?: string;
  /** It is ended after so long: SIGTERM, and SIGKILL two seconds later. */
  readonly limitMs: number;
  /** Of each of its two outputs the last so many bytes are kept. */
  readonly maxOutputBytes: number;
  /** Called for each piece of its standard output, whole or not. */
  onStdout?(text: string): void;
  /** Aborts: it is ended, sooner than at the limit. */
  readonly signal?: AbortSignal;
  /** Its environment, beside a PATH and LANG. That of the daemon, which may hold secrets, is not handed on. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const minimalEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
/** Between SIGTERM and SIGKILL, after the limit and after an abort: an output must close within a second. */
const graceMs = { limit: 2000, abort: 500 };
/** A program that has ended may have left its outputs open to another one; nobody waits for that one. */
const lastWordsMs = 100;
/** More output than this in all, and it is ended: to read it would keep this thread busy. */
const mostOutputBytes = 16 * 1024 * 1024;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * @param argv the program, by its path or its name in the usual folders, and its arguments
 * @returns how it ended, for better or worse: see {@link commandFailure}
 * @throws Error that is for people, where it could not be started, or had to be ended; in any case it runs no more
 */
export async function runCommand(argv: readonly string[], options: RunCommandOptions): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  options.signal?.throwIfAborted();
  let child: Child;
  try {
    child = startProgram(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...minimalEnv, ...options.env } });
  } catch (error) {
    throw startFailure(program, error);
  }
  return new Promise((resolve, reject) => {
    // Without free descriptors there is a child that has no pipes, and then its error.
    if ((child.stdout as Readable | undefined) === undefined) {
      child.once('error', (error) => reject(startFailure(program, error)));
      return;
    }
    const stdout = tail(child.stdout, options.maxOutputBytes);
    const stderr = tail(child.stderr, options.maxOutputBytes);
    child.stdout.on('data', (piece: Buffer) => options.onStdout?.(piece.toString('latin1')));
    const end = endOnOccasion(child, program, options, () => stdout.bytes() + stderr.bytes());
    child.once('error', (error) => {
      end.settled();
      reject(startFailure(program, error));
    });
    void ended(child).then(({ code, signal }) => {
      const why = end.settled();
      const result = { code, signal, stdout: stdout.text(), stderr: stderr.text() };
      if (why === undefined) resolve(result);
      else reject(new Error(withLastWords(why, result)));
    });
    // EPIPE: it ended, or closed its input, before it had read everything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** What to say of a program that did not end with 0; undefined where it did. */
export function commandFailure(program: string, result: CommandResult): string | undefined {
  if (result.code === 0) return undefined;
  return withLastWords(`${program} ended with ${result.signal ?? `exit code ${String(result.code)}`}`, result);
}

/** The last line that it wrote mostly says why. */
function withLastWords(what: string, { stdout, stderr }: CommandResult): string {
  const words = (stderr.trim() === '' ? stdout : stderr).trim().split('\n').at(-1)!.slice(-300);
  return words === '' ? what : `${what}: ${words}`;
}

function startFailure(program: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new Error(`${program} could not be started: there is no such program; write its whole path`);
    case 'EACCES':
      return new Error(`${program} could not be started: no permission; it must be executable for the user that vitald runs as`);
    case 'EMFILE':
    case 'ENFILE':
      return new Error(`${program} could not be started: no file descriptors are left (${code}); raise the limit of open files`);
    case 'E2BIG':
      return new Error(`${program} could not be started: its arguments are too long`);
    default:
      return new Error(`${program} could not be started: ${message}`);
  }
}

/** Kills it when its time is over. `settled` stops that, and tells why it was killed, if it was. */
function endOnOccasion(child: Child, program: string, { limitMs, signal }: RunCommandOptions, outputBytes: () => number) {
  let why: string | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const end = (reason: string, grace: number): void => {
    if (why !== undefined) return;
    why = `${program} ${reason}`;
    killGroup(child, 'SIGTERM');
    killTimer = setTimeout(() => killGroup(child, 'SIGKILL'), grace);
  };
  const limit = setTimeout(() => end(`did not end within ${limitMs / 1000} s, and was killed`, graceMs.limit), limitMs);
  const onAbort = (): void => end('was ended before it was done', graceMs.abort);
  const onData = (): void => {
    if (outputBytes() > mostOutputBytes) end(`wrote more than ${mostOutputBytes / 1024 / 1024} MiB, and was killed`, graceMs.limit);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  child.once('exit', () => {
    clearTimeout(limit);
    clearTimeout(killTimer);
    // Programs that it had started may have ignored SIGTERM.
    if (why !== undefined) killGroup(child, 'SIGKILL');
  });
  return {
    settled: () => {
      clearTimeout(limit);
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', onAbort);
      return why;
    },
  };
}

/** Called before the child has ended, or in the moment that it has: later its number may be another's. */
function killGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    kill(-child.pid, signal);
  } catch {
    // All of the group has ended meanwhile.
  }
}

/** Resolves when it has ended and what it wrote is read. */
function ended(child: Child): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const stopReading = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, lastWordsMs);
      child.once('close', () => {
        clearTimeout(stopReading);
        resolve({ code, signal });
      });
    });
  });
}

/** The last bytes of a stream. Memory: twice as many, and one piece more. */
function tail(stream: Readable, mostBytes: number): { readonly text: () => string; readonly bytes: () => number } {
  let pieces: Buffer[] = [];
  let kept = 0;
  let all = 0;
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece);
    kept += piece.length;
    all += piece.length;
    if (kept <= 2 * mostBytes) return;
    // A copy: a piece that is only looked at from its end would keep all of its memory.
    pieces = [Buffer.from(Buffer.concat(pieces).subarray(-mostBytes))];
    kept = pieces[0]!.length;
  });
  return { bytes: () => all, text: () => Buffer.concat(pieces).subarray(-mostBytes).toString('utf8') };
}

/** What the doctor needs of the machine it looks at. Tests give captured data; {@link localMachine} is the real one. */

export interface Ran {
  /** Undefined where the program did not end by itself: killed, or out of time. */
  readonly exitCode: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface Connected {
  /** `failed`: nothing was sent, for a reason that `detail` gives. */
  readonly end: 'connected' | 'refused' | 'timeout' | 'failed';
  readonly detail: string;
  readonly tookMs: number;
}

export interface LocalAddress {
  readonly address: string;
  /** Length of its network's prefix. */
  readonly prefix: number;
  readonly interface: string;
}

export interface Machine {
  readonly isRoot: boolean;
  readonly processors: number;
  /** Wall clock, ms since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** @throws Error with `code` (ENOENT, EACCES …) */
  readFile(path: string): Promise<string>;
  /** @throws Error with `code` */
  readlink(path: string): Promise<string>;
  /** @throws Error with `code` */
  readdir(path: string): Promise<readonly string[]>;
  /** Runs a program without a shell. @throws Error with `code` ENOENT where it is not installed */
  run(program: string, args: readonly string[]): Promise<Ran>;
  /** One TCP connection, closed at once. */
  connect(address: string, port: number, timeoutMs: number): Promise<Connected>;
  addresses(): readonly LocalAddress[];
}

/** The `code` of a system error; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A file that need not be there; undefined where it is not, or may not be read. */
export async function readIfThere(machine: Machine, path: string): Promise<string | undefined> {
  try {
    return await machine.readFile(path);
  } catch {
    return undefined;
  }
}

/** A setting or counter that is one number; undefined where this kernel has none. */
export async function readNumber(machine: Machine, path: string): Promise<number | undefined> {
  const text = await readIfThere(machine, path);
  if (text === undefined || !/^\s*-?\d+\s*$/.test(text)) return undefined;
  return Number(text);
}

/** Runs a program that need not be installed; undefined where it is not. */
export async function runIfThere(machine: Machine, program: string, args: readonly string[]): Promise<Ran | undefined> {
  try {
    return await machine.run(program, args);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

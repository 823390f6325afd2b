/** Programs of this machine that answer a question about its network. */
import { runFile } from '../../../process/children.js';

/** Debian has some of them where an ordinary user's PATH does not look. */
const folders = ['', '/usr/sbin/', '/sbin/'];
const timeoutMs = 2000;
const mostBytes = 256 * 1024;

export interface Ended {
  /** Null where it was killed for taking too long. */
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** @returns undefined where the program is not installed */
export async function runProgram(name: string, args: readonly string[], signal: AbortSignal): Promise<Ended | undefined> {
  for (const folder of folders) {
    const ended = await tryRun(`${folder}${name}`, args, signal);
    if (ended !== undefined) return ended;
  }
  return undefined;
}

function tryRun(file: string, args: readonly string[], signal: AbortSignal): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, maxBuffer: mostBytes, signal, killSignal: 'SIGKILL' } as const;
    runFile(file, args, options, (error, out, err) => {
      const code = error === null ? 0 : (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT') resolve(undefined);
      else resolve({ exitCode: typeof code === 'number' ? code : null, out, err });
    });
  });
}

/** The answer of `ip -j`: an array of objects; empty where it was none. */
export function readJsonList<T extends object>(text: string): Partial<T>[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter((item): item is Partial<T> => typeof item === 'object' && item !== null) : [];
  } catch {
    return [];
  }
}

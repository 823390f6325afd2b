/** Programs that a test starts: their output by line, and a certain end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { eventually, type Patience } from './eventually.js';

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Opens a channel for messages (IPC); the program must be Node.js. */
  readonly ipc?: boolean;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Long enough for a program on a machine that is busy with other work; tests of how fast one stops measure it themselves. */
const stopWithinMs = 60_000;

const setpriv = '/usr/bin/setpriv';
/** Makes the kernel end a program together with the test that started it, even when the test is killed. */
const withParent = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];

export class Child {
  readonly process: ChildProcess;
  readonly outLines: string[] = [];
  readonly errLines: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #command: string;
  #hasEnded = false;

  constructor(command: readonly string[], { env, cwd, ipc = false }: ChildOptions = {}) {
    const [program, ...args] = [...withParent, ...command];
    this.#command = command.join(' ');
    this.process = spawn(program!, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])] });
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.outLines.push(line));
    createInterface({ input: this.process.stderr! }).on('line', (line) => this.errLines.push(line));
    this.ended = new Promise((resolve) => {
      const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        this.#hasEnded = true;
        resolve({ exitCode, signal, out: this.outLines.join('\n'), err: this.errLines.join('\n') });
      };
      this.process.on('close', end);
      this.process.on('error', (error) => {
        this.errLines.push(String(error));
        end(null, null);
      });
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Waits for a line of standard output or error. @throws Error where the program ends, or time does, without it */
  line(pattern: RegExp, patience?: Patience): Promise<string> {
    return eventually(
      `a line ${String(pattern)} from ${this.#command}`,
      () => {
        const found = [...this.outLines, ...this.errLines].find((line) => pattern.test(line));
        if (found === undefined && this.#hasEnded) throw new Error(`${this.#command} ended early:\n${this.#output()}`);
        return found;
      },
      patience,
    );
  }

  /** Sends the signal and waits for the end; a program that does not end is killed in the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    if (!this.#hasEnded) this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), stopWithinMs);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  #output(): string {
    return [...this.errLines, ...this.outLines].slice(-20).join('\n');
  }
}

/** Runs a program to its end. */
export function runToEnd(command: readonly string[], options?: ChildOptions): Promise<Ended> {
  return new Child(command, options).ended;
}

/** As {@link runToEnd}, where anything but success is a mistake of the test or its machine. */
export async function mustRun(command: readonly string[], options?: ChildOptions): Promise<string> {
  const { exitCode, signal, out, err } = await runToEnd(command, options);
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode ?? signal}:\n${err}${out}`);
  return out;
}

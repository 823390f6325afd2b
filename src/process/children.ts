/**
 * Starts programs. Everything that vitald starts goes through here (eslint.config.js), except the programs of
 * `vitald doctor`, which is one file for machines without packages and is run by hand.
 *
 * | program | capabilities | environment |
 * |---|---|---|
 * | outputs `command` and `nginx` | none | PATH and LANG, and what the output gives |
 * | the diagnosis process | CAP_NET_RAW, if the daemon has it | as {@link environmentForProbes} |
 * | programs that a diagnosis asks (`ip`, `ping`) | none | as the diagnosis process |
 *
 * No program inherits a descriptor but its standard ones, and the diagnosis process its channel. A daemon
 * that runs as root starts its programs as root, which has every capability anyway.
 */
import {
  execFile,
  fork,
  spawn,
  type ChildProcess,
  type ChildProcessByStdio,
  type ExecFileException,
  type ExecFileOptions,
  type ForkOptions,
  type SpawnOptionsWithStdioTuple,
  type StdioPipe,
} from 'node:child_process';
import { allowedNodeEnvironmentFlags, execArgv as processExecArgv } from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { CAP_NET_RAW, clearInheritedCapabilities, withInheritedCapability } from './capabilities.js';
import { keepDescriptors } from './descriptors.js';

/** Node.js 22.14 and later: SIGUSR1 does not open the inspector. */
const noInspector = '--disable-sigusr1';

/** PIDs of the programs that were started and whose end libuv has not noticed yet. */
const running = new Set<number>();

/** Whether Node.js itself waits for the end of this process. */
export function isOwnChild(pid: number): boolean {
  return running.has(pid);
}

type PipedOptions = SpawnOptionsWithStdioTuple<StdioPipe, StdioPipe, StdioPipe>;

/** Starts a program without capabilities, with pipes as its standard input and outputs. @throws as spawn */
export function startProgram(
  program: string,
  args: readonly string[],
  options: PipedOptions,
): ChildProcessByStdio<Writable, Readable, Readable> {
  keepDescriptors();
  clearInheritedCapabilities();
  return noted(spawn(program, args, options));
}

/** Runs a program without capabilities to its end. */
export function runFile(
  file: string,
  args: readonly string[],
  options: ExecFileOptions,
  done: (error: ExecFileException | null, out: string, err: string) => void,
): void {
  keepDescriptors();
  clearInheritedCapabilities();
  noted(execFile(file, args, { ...options, encoding: 'utf8' }, done));
}

/** Starts a Node.js program that may open raw sockets, if this process may. */
export function forkProber(entry: URL, options: ForkOptions): ChildProcess {
  keepDescriptors();
  const execArgv = allowedNodeEnvironmentFlags.has(noInspector) ? [...processExecArgv, noInspector] : processExecArgv;
  return noted(withInheritedCapability(CAP_NET_RAW, () => fork(entry, { execArgv, ...options })));
}

function noted<T extends ChildProcess>(child: T): T {
  const { pid } = child;
  if (pid === undefined) return child;
  running.add(pid);
  child.once('exit', () => running.delete(pid));
  return child;
}

/** What a program needs that opens connections and starts programs: where those are, languages, certificates, Node.js itself. */
const kept = /^(PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|NODE_\w+|SSL_CERT_(FILE|DIR)|OPENSSL_CONF|LD_LIBRARY_PATH)$/;

/** The environment without the variables that a configuration may name: those may hold secrets. */
export function environmentForProbes(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => kept.test(name)));
}

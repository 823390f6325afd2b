/** The program of the main thread, where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync, write } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { RunFlags } from './cli/program.js';
import type { Signals } from './cli/run.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
import { commandOutput, isClosedPipe, outputProblem } from './diagnosis/command-output.js';
import { exitByForce, prepareForcedExit } from './process/forced-exit.js';
import { closeUnwantedInspector } from './process/inspector.js';
import { DaemonSignals, ignoreInspectorSignal } from './process/signals.js';

// First of all: without a listener most signals end the process. Other commands than `run` are meant to end by them.
const signals = process.argv[2] === 'run' ? new DaemonSignals(process, { endNow: exitByForce, now: () => performance.now() }) : undefined;
if (signals === undefined) ignoreInspectorSignal(process);
closeUnwantedInspector(process);

// The daemon and the demo backends take long to load, and only `run` needs them.
const [{ runCli }, { exitCodeLeftBehind, runCommand }] = await Promise.all([import('./cli/program.js'), import('./cli/run.js')]);

const wasNotWritten = 3;

/** True for a command that only follows a daemon: it ends when its output has no reader any more. */
let followsUntilClosed = false;
const stdout = commandOutput(process.stdout, () => {
  if (followsUntilClosed) process.exit(exitCodeAfter(0));
});
// A full disk below the log must not stop the daemon: standard error is not asked for errors.
const stderr = commandOutput(process.stderr);

/** Exit code of the command, unless its answer was lost. Says so once. A reader that went away is no error. */
function exitCodeAfter(exitCode: number): number {
  const { error } = stdout;
  if (error === undefined || isClosedPipe(error)) return exitCode;
  stderr.write(`vitald: ${outputProblem(error)}\n`);
  return wasNotWritten;
}

const io: Io = {
  // Asked for each time: a window changes its size.
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
  get rows() {
    return process.stdout.isTTY ? process.stdout.rows : undefined;
  },
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  endWhenClosed: () => (followsUntilClosed = true),
  color: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  ...(process.stderr.isTTY && { progress: (text: string) => process.stderr.write(`\r\u001b[2K${text}`) }),
};

/**
 * Standard error of the daemon, whose main thread must not wait for a reader. Node.js writes to pipes and sockets without
 * waiting, but to terminals (stopped by Ctrl-S) and files with.
 */
function complain(text: string): void {
  if (isStream) process.stderr.write(text);
  else write(process.stderr.fd, text, () => undefined);
}

const isStream = 'connecting' in process.stderr && !process.stderr.isTTY;

/** From the signal to the forced end; service managers and people count on 5 s. */
const stopWithinMs = 4600;
const lastWordsMs = 100;

/** Ends the process if the stop takes too long, whatever it waits for. */
function watchStop(): void {
  prepareForcedExit();
  const timer = setTimeout(() => {
    complain(`vitald: did not stop within ${stopWithinMs / 1000} s, and ends now; the last changes of the state may not be saved\n`);
    endByForce(exitCodeLeftBehind);
  }, stopWithinMs);
  timer.unref();
}

/** The stop that a signal begins ends in time. */
function watched(from: DaemonSignals): Signals {
  const onStop = (fn: () => void): void => {
    from.onStop(() => {
      watchStop();
      fn();
    });
  };
  return { onReload: (fn) => from.onReload(fn), onStop };
}

/** After the last words are written. */
function endByForce(exitCode: number): void {
  setTimeout(() => exitByForce(exitCode), lastWordsMs);
}

/** Threads are left that wait for the kernel: process.exit() would wait for them. */
let areThreadsLeft = false;

function machine(): Machine {
  const interfaces = networkInterfaces();
  const addresses = Object.values(interfaces).flatMap((list) => list ?? []);
  return { hostname: hostname(), interfaces: Object.keys(interfaces), addresses: addresses.map(({ address }) => address.split('%')[0]!) };
}

async function run(flags: RunFlags): Promise<number> {
  const { createDaemon } = await import('./daemon.js');
  const daemon = {
    file: flags.config,
    env: { ...process.env },
    machine,
    logFormat: flags.logFormat,
    logLevel: flags.logLevel,
    nodeVersion: process.versions.node,
    processId: process.pid,
    complain: (sentence: string) => complain(`vitald: ${sentence}\n`),
  };
  const dependencies = {
    createDaemon: () => createDaemon(daemon),
    startDemoBackends: async () => (await import('./demo/start.js')).startDemoBackends(),
    signals: watched(signals!),
    io: { ...io, err: complain },
    onLeftBehind: () => (areThreadsLeft = true),
  };
  return runCommand({ demoBackends: flags.demoBackends }, dependencies);
}

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

const exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
if (areThreadsLeft) endByForce(exitCode);
await stdout.flushed();
process.exitCode = exitCodeAfter(exitCode);
setTimeout(() => end(), lingerMs).unref();

/** Requests of this thread that the kernel does not answer count as well. */
function end(): void {
  const waits = process.getActiveResourcesInfo().some((resource) => /^(FSReq|GetAddrInfo)/.test(resource));
  if (waits) endByForce(exitCodeLeftBehind);
  else process.exit();
}

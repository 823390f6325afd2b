#!/usr/bin/env node
/** Where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { RunFlags } from './cli/program.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
import { commandOutput, isClosedPipe, outputProblem } from './diagnosis/command-output.js';
import { closeUnwantedInspector } from './process/inspector.js';
import { kernelCalls } from './process/kernel-calls.js';
import { DaemonSignals, ignoreInspectorSignal } from './process/signals.js';

// First of all: without a listener most signals end the process. Other commands than `run` are meant to end by them.
const signals = process.argv[2] === 'run' ? new DaemonSignals(process, { endNow, now: () => performance.now() }) : undefined;
if (signals === undefined) ignoreInspectorSignal(process);
closeUnwantedInspector(process);

// Loading all of this takes several times as long as the start of Node.js.
const [{ runCli }, { runCommand }, { createDaemon }, { startDemoBackends }] = await Promise.all([
  import('./cli/program.js'),
  import('./cli/run.js'),
  import('./daemon.js'),
  import('./demo/start.js'),
]);

const wasNotWritten = 3;

/** True for a command that only follows a daemon: it ends when nobody can read what it writes. */
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

/** process.exit() would wait for threads, and one of them may wait for the reader of the log. */
function endNow(exitCode: number): void {
  kernelCalls()?.exitNow(exitCode);
  process.exit(exitCode);
}

function machine(): Machine {
  const interfaces = networkInterfaces();
  const addresses = Object.values(interfaces).flatMap((list) => list ?? []);
  return { hostname: hostname(), interfaces: Object.keys(interfaces), addresses: addresses.map(({ address }) => address.split('%')[0]!) };
}

function run(flags: RunFlags): Promise<number> {
  const daemon = {
    file: flags.config,
    env: { ...process.env },
    machine,
    logFormat: flags.logFormat,
    logLevel: flags.logLevel,
    nodeVersion: process.versions.node,
    processId: process.pid,
    complain: (sentence: string) => io.err(`vitald: ${sentence}\n`),
  };
  return runCommand(
    { demoBackends: flags.demoBackends },
    { createDaemon: () => createDaemon(daemon), startDemoBackends, signals: signals!, io },
  );
}

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

const exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
await stdout.flushed();
process.exitCode = exitCodeAfter(exitCode);
setTimeout(() => process.exit(), lingerMs).unref();

#!/usr/bin/env node
/** Where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { runCli, type RunFlags } from './cli/program.js';
import { runCommand, type Signals } from './cli/run.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
import { createDaemon } from './daemon.js';
import { commandOutput, isClosedPipe, outputProblem } from './diagnosis/command-output.js';
import { startDemoBackends } from './demo/start.js';

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

const signals: Signals = {
  onReload: (fn) => process.on('SIGHUP', fn),
  onStop: (fn) => {
    process.once('SIGTERM', fn);
    process.once('SIGINT', fn);
  },
};

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
  return runCommand({ demoBackends: flags.demoBackends }, { createDaemon: () => createDaemon(daemon), startDemoBackends, signals, io });
}

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

const exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
await stdout.flushed();
process.exitCode = exitCodeAfter(exitCode);
setTimeout(() => process.exit(), lingerMs).unref();

#!/usr/bin/env node
/** Where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync } from 'node:fs';
import { constants, hostname, networkInterfaces } from 'node:os';
import type { RunFlags } from './cli/program.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
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

const io: Io = {
  // Asked for each time: a window changes its size.
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
  get rows() {
    return process.stdout.isTTY ? process.stdout.rows : undefined;
  },
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
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

// A reader that went away (`vitald events | head`) is no reason for a stack trace, and nobody waits for more. The daemon's log
// is written by another thread, and its reader may go away.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' && signals === undefined) process.exit(128 + constants.signals.SIGPIPE);
});
process.stderr.on('error', () => undefined);

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

process.exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
setTimeout(() => process.exit(), lingerMs).unref();

#!/usr/bin/env node
/** Where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync, write } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { runCli, type RunFlags } from './cli/program.js';
import { exitCodeLeftBehind, runCommand, type Signals } from './cli/run.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
import { createDaemon } from './daemon.js';
import { startDemoBackends } from './demo/start.js';
import { prepareForcedExit } from './force-exit.js';

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

/**
 * Standard error of the daemon, whose main thread must not wait for a reader. Node.js writes to pipes and sockets without
 * waiting, but to terminals (stopped by Ctrl-S) and files with.
 */
function complain(text: string): void {
  if (isStream) process.stderr.write(text);
  else write(process.stderr.fd, text, () => undefined);
}

const isStream = 'connecting' in process.stderr && !process.stderr.isTTY;

const signals: Signals = {
  onReload: (fn) => process.on('SIGHUP', fn),
  onStop: (fn) => {
    const stop = (): void => {
      watchStop();
      fn();
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  },
};

/** From the signal to the forced end; service managers and people count on 5 s. */
const stopWithinMs = 4600;
const lastWordsMs = 100;
let forceExit: ((exitCode: number) => void) | undefined;

/** Ends the process if the stop takes too long, whatever it waits for. */
function watchStop(): void {
  forceExit ??= prepareForcedExit();
  const timer = setTimeout(() => {
    complain(`vitald: did not stop within ${stopWithinMs / 1000} s, and ends now; what was to be saved last may be missing\n`);
    endByForce(exitCodeLeftBehind);
  }, stopWithinMs);
  timer.unref();
}

/** After the last words are written. */
function endByForce(exitCode: number): void {
  forceExit ??= prepareForcedExit();
  setTimeout(() => forceExit?.(exitCode), lastWordsMs);
}

/** Threads are left that wait for the kernel: process.exit() would wait for them. */
let areThreadsLeft = false;

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
    complain: (sentence: string) => complain(`vitald: ${sentence}\n`),
  };
  const dependencies = {
    createDaemon: () => createDaemon(daemon),
    startDemoBackends,
    signals,
    io: { ...io, err: complain },
    onLeftBehind: () => (areThreadsLeft = true),
  };
  return runCommand({ demoBackends: flags.demoBackends }, dependencies);
}

// A reader that went away (`vitald probe … | head`) is no reason for a stack trace.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

process.exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
if (areThreadsLeft) endByForce(process.exitCode);
setTimeout(() => end(), lingerMs).unref();

/** Requests of this thread that the kernel does not answer count as well. */
function end(): void {
  const waits = process.getActiveResourcesInfo().some((resource) => /^(FSReq|GetAddrInfo)/.test(resource));
  if (waits) endByForce(exitCodeLeftBehind);
  else process.exit();
}

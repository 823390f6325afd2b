#!/usr/bin/env node
/** Where the process begins and ends: arguments, environment, signals, exit codes. Only entries touch `process`. */
import { existsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { runCli, type RunFlags } from './cli/program.js';
import { runCommand, type Signals } from './cli/run.js';
import type { Io } from './cli/io.js';
import type { Machine } from './config/load.js';
import { createDaemon } from './daemon.js';
import { startDemoBackends } from './demo/start.js';

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

// A reader that went away (`vitald probe … | head`) is no reason for a stack trace.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** What still holds the process then has nothing to do any more, and must not keep a service manager waiting. */
const lingerMs = 1000;

process.exitCode = await runCli(process.argv.slice(2), { io, machine: machine(), env: process.env, fileExists: existsSync, run });
setTimeout(() => process.exit(), lingerMs).unref();

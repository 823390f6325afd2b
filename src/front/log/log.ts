/**
 * The log: JSON lines, or lines for people, written by this thread straight to a descriptor.
 *
 * Whoever reads standard output may stop reading. Then lines are kept up to a limit, the rest is dropped and counted;
 * nothing ever waits for the reader, least of all the engine.
 */
import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import type * as PinoPretty from 'pino-pretty';
import { isPipeOrSocket, LogPipe } from './log-pipe.js';

/** Bytes of lines kept while the reader does not read. */
const defaultBufferedBytes = 4 * 1024 * 1024;

export interface LogOptions {
  readonly format: 'json' | 'pretty';
  /** One of pino's levels, or `silent`. */
  readonly level: string;
  /** Where lines go; 1 is standard output. */
  readonly fd: number;
  /** Bytes of lines kept while the reader does not read; default: 4 MiB. */
  readonly bufferedBytes?: number;
}

export interface Log {
  readonly logger: Logger;
  /** Waits until all lines are written, at most so long: a reader that has stopped must not hold up the end. */
  flush(timeoutMs: number): Promise<void>;
  /** Forgets what is not written to a pipe or socket: it would keep the thread until its reader reads. */
  close(): void;
}

export function createLog({ format, level, fd, bufferedBytes = defaultBufferedBytes }: LogOptions): Log {
  const out = isPipeOrSocket(fd) ? pipeOutput(fd, bufferedBytes, onDropped) : fileOutput(fd, bufferedBytes, onDropped);
  const stream = format === 'pretty' ? prettyStream(out, isatty(fd)) : out;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths(), censor: '[redacted]' },
    },
    stream,
  );
  function onDropped(lines: number): void {
    logger.warn({ dropped: lines }, `${lines} log lines were dropped because the log was not read`);
  }
  return { logger, flush: (timeoutMs) => out.flush(timeoutMs), close: () => out.close() };
}

/** Where lines go. */
interface LogOutput {
  write(line: string): void;
  flush(timeoutMs: number): Promise<void>;
  close(): void;
}

function pipeOutput(fd: number, mostBytes: number, onDropped: (lines: number) => void): LogOutput {
  return new LogPipe({ fd, mostBytes, onDropped });
}

/** Files and terminals: a thread of libuv's pool writes, and waits if it has to. */
function fileOutput(fd: number, mostBytes: number, onDropped: (lines: number) => void): LogOutput {
  // A minLength of 1 writes as soon as one of 0 would, and with 0 flush() does not wait for anything.
  const out = destination({ fd, sync: false, minLength: 1, maxLength: mostBytes });
  let dropped = 0;
  out.on('drop', () => dropped++);
  out.on('drain', () => {
    if (dropped === 0) return;
    const lost = dropped;
    dropped = 0;
    onDropped(lost);
  });
  // A full disk is no reason to stop: the API goes on without a log.
  out.on('error', () => undefined);
  return { write: (line) => void out.write(line), flush: (timeoutMs) => flushed(out, timeoutMs), close: () => undefined };
}

/** Fields of a transition that its message tells already; in JSON they are there for machines. */
const saidByTheMessage = 'listener,backend,from,to,reason,detail,run_length,revision';

function prettyStream(out: { write(line: string): unknown }, colorize: boolean): { write(line: string): void } {
  // Not imported: a daemon's log is hardly ever for people.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true, ignore: saidByTheMessage });
  return { write: (line) => void out.write(pretty(line)) };
}

function flushed(out: ReturnType<typeof destination>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    out.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Names under which secrets come, at the top of a line and up to three levels down. */
function secretPaths(): string[] {
  const names = [
    'authorization',
    'Authorization',
    'cookie',
    'Cookie',
    'set-cookie',
    'password',
    'token',
    'secret',
    'x-api-key',
    'X-Api-Key',
  ];
  const quoted = names.map((name) => `["${name}"]`);
  return ['', '*', '*.*', '*.*.*'].flatMap((level) => quoted.map((name) => level + name));
}

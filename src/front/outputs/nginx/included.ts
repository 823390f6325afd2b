/**
 * Whether nginx reads the upstream file at all. `nginx -t` passes for a file that nothing includes, and so would every
 * reload: `nginx -T` says which files the configuration is made of.
 */
import { realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { runCommand } from '../run-command.js';
import type { NginxCommand } from './run-nginx.js';

/** Of what it prints nothing is kept but the names of files. */
const maxOutputBytes = 1024;
/** Printed before the text of each file: src/core/nginx.c. */
const heading = /^# configuration file (.+):$/gm;

/**
 * @param test the test command of the output
 * @returns undefined if that is unknown: the test command is not nginx itself, or fails
 */
export async function isIncluded(path: string, test: NginxCommand, signal: AbortSignal): Promise<boolean | undefined> {
  const argv = dumpCommand(test.argv);
  if (argv === undefined) return undefined;
  const wanted = await realpath(path).catch(() => undefined);
  if (wanted === undefined) return undefined;
  const files = new FileNames();
  const result = await runCommand(argv, { limitMs: test.limitMs, maxOutputBytes, signal, onStdout: (text) => files.take(text) }).catch(
    () => undefined,
  );
  if (result?.code !== 0 || files.names.size === 0) return undefined;
  for (const name of files.names) if (name === path || (await realpath(name).catch(() => undefined)) === wanted) return true;
  return false;
}

/** `nginx … -t` → `nginx … -T`; undefined for anything else, such as a script. */
function dumpCommand(argv: readonly string[]): string[] | undefined {
  if (basename(argv[0]!) !== 'nginx' || !argv.includes('-t')) return undefined;
  return argv.map((word) => (word === '-t' ? '-T' : word));
}

/** Finds names in a text that comes in pieces. */
class FileNames {
  readonly names = new Set<string>();
  #rest = '';

  take(text: string): void {
    const lines = this.#rest + text;
    const end = lines.lastIndexOf('\n') + 1;
    this.#rest = lines.slice(end);
    for (const [, name = ''] of lines.slice(0, end).matchAll(heading)) {
      // Pieces come byte by byte, as latin1: a piece may end within a character.
      const path = Buffer.from(name, 'latin1').toString('utf8');
      if (isAbsolute(path)) this.names.add(path);
    }
  }
}

/**
 * Reads what tests report (TAP 14) and counts tests, not assertions: the lines that end a test carry its time.
 * Prints a line for each file, and everything of what failed.
 */
import { createInterface } from 'node:readline';

const resultLine = /^( *)(ok|not ok) \d+ - (.*)$/;

export class TapReport {
  passed = 0;
  failed = 0;
  skipped = 0;
  #copy;
  /** `failed` at the end of the file before. */
  #failedBefore = 0;
  #isFailing = false;

  /** @param copy a stream that gets every line */
  constructor(copy) {
    this.#copy = copy;
  }

  /** @param line at its place below the file it is of: files themselves are not indented */
  line(line) {
    this.#copy.write(`${line}\n`);
    const [, indent, result, title] = resultLine.exec(line) ?? [];
    if (result === undefined) {
      if (this.#isFailing) console.log(line);
      return;
    }
    const isFailing = result === 'not ok' && !/# (TODO|SKIP)/i.test(title);
    if (indent === '' || isFailing) console.log(line);
    this.#isFailing = isFailing;
    this.#count(indent === '', isFailing, title);
  }

  /** Reads a whole stream. */
  read(stream) {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => this.line(line));
    return new Promise((resolve) => lines.on('close', resolve));
  }

  #count(isFile, isFailing, title) {
    if (/# SKIP/i.test(title)) this.skipped++;
    else if (/# time=/.test(title) && !isFile) this[isFailing ? 'failed' : 'passed']++;
    if (!isFile) return;
    // One in which no test failed ended before it could report one.
    if (isFailing && this.failed === this.#failedBefore) this.failed++;
    this.#failedBefore = this.failed;
  }
}

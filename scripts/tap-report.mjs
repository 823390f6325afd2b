/**
 * Reads what tests report (TAP 14) and counts tests, not assertions: the lines that end a test carry its time.
 * Prints what failed, with its details.
 */

const resultLine = /^( *)(ok|not ok) \d+ - (.*)$/;

export class TapReport {
  passed = 0;
  failed = 0;
  skipped = 0;
  #copy;
  #print;
  /** `failed` at the end of the file before. */
  #failedBefore = 0;
  #isFailing = false;

  /**
   * @param {import('node:stream').Writable} copy gets every line
   * @param {(line: string) => void} print shows a line
   */
  constructor(copy, print = console.log) {
    this.#copy = copy;
    this.#print = print;
  }

  /** @param line at its place below the file it is of: files themselves are not indented */
  line(line) {
    this.#copy.write(`${line}\n`);
    const [, indent, result, title] = resultLine.exec(line) ?? [];
    if (result === undefined) {
      if (this.#isFailing) this.#print(line);
      return;
    }
    const isFailing = result === 'not ok' && !/# (TODO|SKIP)/i.test(title);
    const isFile = indent === '';
    // TestProgress prints the line of a file.
    if (isFailing && !isFile) this.#print(line);
    this.#isFailing = isFailing && !isFile;
    this.#count(isFile, isFailing, title);
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

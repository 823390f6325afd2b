/**
 * Shows how far a test run is: a line for each finished file and, on a terminal, a last line that is redrawn with what
 * runs now. In a log, a line every half minute if no file has finished. At the end, the slowest files.
 */
const redrawMs = 1000;
const quietMs = 30_000;
const slowestShown = 10;

/** @param {number} ms */
function shownTime(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export class TestProgress {
  #startedAt = performance.now();
  #lastOutputAt = performance.now();
  /** Name of each running file, and when it started. */
  #running = new Map();
  /** @type {{ name: string, ms: number }[]} */
  #finished = [];
  #total;
  #isTerminal;
  #timer;

  /** @param {number} total number of files that will run */
  constructor(total, { isTerminal = Boolean(process.stdout.isTTY) } = {}) {
    this.#total = total;
    this.#isTerminal = isTerminal;
    this.#timer = setInterval(() => this.#tick(), redrawMs).unref();
  }

  /** @param {string} name unique among the running files */
  started(name) {
    if (this.#running.size === 0) this.#lastOutputAt = performance.now();
    this.#running.set(name, performance.now());
    this.#redraw();
  }

  /**
   * Prints the line of a finished file.
   *
   * @param {string} name as given to {@link started}
   * @param {boolean} isGood
   * @param {string} note why it failed; may be empty
   */
  finished(name, isGood, note) {
    const ms = performance.now() - this.#running.get(name);
    this.#running.delete(name);
    this.#finished.push({ name, ms });
    this.print(`${isGood ? 'ok' : 'not ok'} ${this.#counts()} ${name}${note} (${Math.round(ms)} ms)`);
  }

  /** Prints a line above the line of what runs now. */
  print(line) {
    this.#clear();
    process.stdout.write(`${line}\n`);
    this.#lastOutputAt = performance.now();
    this.#redraw();
  }

  /** Prints the slowest files, and ends the display. */
  end() {
    clearInterval(this.#timer);
    this.#clear();
    if (this.#finished.length <= slowestShown) return;
    const slowest = this.#finished.toSorted((one, other) => other.ms - one.ms).slice(0, slowestShown);
    const lines = slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`);
    console.log(
      `\nSlowest of ${this.#finished.length} files, ${shownTime(performance.now() - this.#startedAt)} in all:\n${lines.join('\n')}\n`,
    );
  }

  #counts() {
    const done = String(this.#finished.length).padStart(String(this.#total).length);
    return `[${done}/${this.#total} ${shownTime(performance.now() - this.#startedAt)}]`;
  }

  #status() {
    const names = [...this.#running].map(([name, since]) => `${name} (${Math.round((performance.now() - since) / 1000)} s)`);
    return `${this.#counts()} running: ${names.join(', ')}`;
  }

  #tick() {
    if (this.#isTerminal) this.#redraw();
    else if (this.#running.size > 0 && performance.now() - this.#lastOutputAt >= quietMs) this.print(this.#status());
  }

  #clear() {
    if (this.#isTerminal) process.stdout.write('\r\x1b[K');
  }

  #redraw() {
    if (!this.#isTerminal || this.#running.size === 0) return;
    this.#clear();
    // One character less than the width: a line that fills the terminal would wrap, and could not be cleared.
    process.stdout.write(this.#status().slice(0, Math.max(0, (process.stdout.columns || 80) - 1)));
  }
}

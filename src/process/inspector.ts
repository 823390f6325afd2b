/**
 * Closes Node's inspector when a signal has opened it. Node.js handles SIGUSR1 from some 20 ms after its start, and the first
 * line of a program runs some 20 ms later: in between, the signal opens the inspector (unless Node.js is started with
 * `--disable-sigusr1`, which 22.14 and later know).
 */

/** The part of `process` that is needed. */
export interface InspectedProcess {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  getBuiltinModule(name: 'node:inspector'): { url(): string | undefined; close(): void } | undefined;
}

/** The inspector opens in a thread of its own, a moment after the signal. */
const looksAtMs = [0, 20, 100, 500, 2000];

/** Closes an inspector that was not asked for on the command line, now and if it opens in the next seconds. */
export function closeUnwantedInspector(process: InspectedProcess): void {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/--inspect(-brk|-wait)?(=|\s|$)/.test(options)) return;
  const close = (): void => {
    try {
      const inspector = process.getBuiltinModule('node:inspector');
      if (inspector?.url() !== undefined) inspector.close();
    } catch {
      // This Node.js was built without an inspector.
    }
  };
  close();
  for (const ms of looksAtMs) setTimeout(close, ms).unref();
}

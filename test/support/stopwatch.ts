/**
 * Times what the product promises to do within a limit, on a machine that may be busy with other work. A stopwatch also
 * measures how many times slower than an idle machine this one was meanwhile, and scales limits by that. On an idle
 * machine limits stay as they are.
 *
 * There are two signs of slowness, and the larger one counts:
 *
 *   pauses      a witness thread sleeps for a few milliseconds at a time, and adds up how late it wakes
 *   contention  how long the threads of this process waited for a processor, beside how long they ran
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { contention, processorTimes, type ProcessorTimes } from './processor-time.js';

const tickMs = 5;
/** Without work of its own the witness would be a poor sample: waking an idle processor takes time as well. */
const busyMs = 0.5;

/** Positions in the memory that is shared with the witness. */
const lateMs = 0;
const tickedAtMs = 1;

const witnessProgram = `
  const { parentPort, workerData: { memory, running, tickMs, busyMs } } = require('node:worker_threads');
  const seen = new Float64Array(memory);
  const isRunning = new Int32Array(running);
  const never = new Int32Array(new SharedArrayBuffer(4));
  const now = () => Number(process.hrtime.bigint()) / 1e6;
  seen[${tickedAtMs}] = now();
  parentPort.postMessage('ready');
  for (;;) {
    Atomics.wait(isRunning, 0, 0);
    Atomics.wait(never, 0, 0, tickMs);
    const wokeAt = now();
    while (now() < wokeAt + busyMs);
    const endedAt = now();
    seen[${lateMs}] += endedAt - seen[${tickedAtMs}] - tickMs - busyMs;
    seen[${tickedAtMs}] = endedAt;
  }`;

/** A thread that does nothing but notice how late it is; one for each process. */
class Witness {
  static #started: Promise<Witness> | undefined;
  readonly #seen: Float64Array;
  readonly #running: Int32Array;

  private constructor(memory: SharedArrayBuffer, running: SharedArrayBuffer) {
    this.#seen = new Float64Array(memory);
    this.#running = new Int32Array(running);
  }

  static started(): Promise<Witness> {
    return (this.#started ??= this.#start());
  }

  static async #start(): Promise<Witness> {
    const memory = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
    const running = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(witnessProgram, { eval: true, execArgv: [], workerData: { memory, running, tickMs, busyMs } });
    await once(worker, 'message');
    worker.unref();
    return new Witness(memory, running);
  }

  /** Watches as long as at least one stopwatch runs. */
  watch(): void {
    if (Atomics.add(this.#running, 0, 1) > 0) return;
    // How late it wakes from its rest counts, too.
    this.#seen[tickedAtMs] = nowMs();
    Atomics.notify(this.#running, 0);
  }

  rest(): void {
    Atomics.sub(this.#running, 0, 1);
  }

  /** Total lateness of all ticks that have ended. */
  get lateMs(): number {
    return this.#seen[lateMs]!;
  }

  /** How late the tick is that has not ended yet. */
  get overdueMs(): number {
    return Math.max(0, nowMs() - this.#seen[tickedAtMs]! - tickMs - busyMs);
  }
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export class Stopwatch {
  readonly #witness: Witness;
  readonly #startedAtMs: number;
  readonly #lateBeforeMs: number;
  readonly #timesBefore: ProcessorTimes;
  #stopped: { readonly elapsedMs: number; readonly slowdown: number } | undefined;

  private constructor(witness: Witness) {
    witness.watch();
    this.#witness = witness;
    this.#timesBefore = processorTimes();
    this.#lateBeforeMs = witness.lateMs;
    this.#startedAtMs = nowMs();
  }

  /** Takes some milliseconds for the first one of a process. */
  static async start(): Promise<Stopwatch> {
    return new Stopwatch(await Witness.started());
  }

  /** Ends the measurement; what is read later is as of now. */
  stop(): this {
    if (this.#stopped !== undefined) return this;
    const elapsedMs = nowMs() - this.#startedAtMs;
    const lateMs = this.#witness.lateMs + this.#witness.overdueMs - this.#lateBeforeMs;
    const byPauses = elapsedMs / Math.max(elapsedMs - lateMs, 1);
    this.#stopped = { elapsedMs, slowdown: Math.max(1, byPauses, contention(this.#timesBefore, processorTimes())) };
    this.#witness.rest();
    return this;
  }

  get elapsedMs(): number {
    return this.stop().#stopped!.elapsedMs;
  }

  /** How many times slower than an idle machine this one was; at least 1. */
  get slowdown(): number {
    return this.stop().#stopped!.slowdown;
  }

  /** The same limit on this machine. */
  scaled(limitMs: number): number {
    return limitMs * this.slowdown;
  }

  isWithin(limitMs: number): boolean {
    return this.elapsedMs <= this.scaled(limitMs);
  }

  toString(): string {
    return `${Math.round(this.elapsedMs)} ms, on a machine ${this.slowdown.toFixed(1)} times slower than an idle one`;
  }
}

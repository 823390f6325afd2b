/**
 * All readers of events. Each gets what it can take, in turn, and between turns of a few milliseconds the thread does
 * what else there is. For a reader that takes nothing, nothing is kept but what its socket holds: it falls out of the
 * log, and is told to start over once it reads again.
 */
import type { ServerResponse } from 'node:http';
import type { Known, Listeners } from '../change-log.js';
import type { EventLog } from './event-log.js';
import { EventReader } from './event-reader.js';
import { retryText } from './event-text.js';

export interface EventReadersOptions {
  /** How many at a time; default: no limit. */
  readonly most?: () => number;
  /** Something is sent at least so often. */
  readonly heartbeatMs?: number;
  /** A connection that takes nothing for so long is closed; found out at a heartbeat. */
  readonly stallMs?: number;
}

const defaults = { most: () => Infinity, heartbeatMs: 15_000, stallMs: 60_000 };
const turnMs = 3;
/** Heartbeats are spread over their interval, so that those of 1000 readers are not one piece of work. */
const phases = 16;
/** Readers that lose their connection together do not come back together. */
const retryMs = [1000, 3000] as const;

export class EventReaders {
  readonly #log: EventLog;
  readonly #options: Required<EventReadersOptions>;
  /** Each with its phase of the heartbeat. */
  readonly #readers = new Map<EventReader, number>();
  /** Who may have something to get, in the order of their turns. */
  readonly #due = new Set<EventReader>();
  #turn: NodeJS.Immediate | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #phase = 0;
  #closing = false;

  constructor(log: EventLog, options: EventReadersOptions = {}) {
    this.#log = log;
    this.#options = { ...defaults, ...options };
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Why nobody else can be taken now. */
  get refuses(): 'full' | 'closing' | undefined {
    if (this.#closing) return 'closing';
    return this.#readers.size >= this.#options.most() ? 'full' : undefined;
  }

  /**
   * Sends events from now on.
   *
   * @param response its head is written; it is ended when this closes
   * @param after what the client knows
   * @param listeners only their events
   */
  add(response: ServerResponse, after: Known, listeners: Listeners): void {
    const reader = new EventReader(this.#log, response, listeners);
    this.#readers.set(reader, Math.floor(Math.random() * phases));
    response.on('close', () => this.#forget(reader));
    response.on('error', () => this.#forget(reader));
    response.on('drain', () => {
      reader.unblock();
      this.#makeDue(reader);
    });
    const [shortest, longest] = retryMs;
    reader.send(retryText(Math.round(shortest + (longest - shortest) * Math.random())));
    reader.begin(after);
    this.#makeDue(reader);
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#options.heartbeatMs / phases).unref();
  }

  /** There is something new in the log. */
  wake(): void {
    for (const reader of this.#readers.keys()) this.#makeDue(reader);
  }

  /** Ends all streams; there are no further ones. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#heartbeat);
    if (this.#turn) clearImmediate(this.#turn);
    for (const reader of this.#readers.keys()) reader.end();
  }

  #forget(reader: EventReader): void {
    this.#readers.delete(reader);
    this.#due.delete(reader);
  }

  #makeDue(reader: EventReader): void {
    if (this.#closing) return;
    this.#due.add(reader);
    this.#turn ??= setImmediate(() => this.#sendToDue());
  }

  #sendToDue(): void {
    this.#turn = undefined;
    const until = performance.now() + turnMs;
    for (const reader of this.#due) {
      this.#due.delete(reader);
      if (reader.sendSome()) this.#due.add(reader);
      if (performance.now() >= until) break;
    }
    if (this.#due.size > 0) this.#turn = setImmediate(() => this.#sendToDue());
  }

  #beat(): void {
    this.#phase = (this.#phase + 1) % phases;
    for (const [reader, phase] of this.#readers) if (phase === this.#phase) reader.beat(this.#options.stallMs);
  }
}

/** One reader of events: a place in the log, and a connection that takes as much as it can. */
import type { ServerResponse } from 'node:http';
import type { Known, Listeners } from '../change-log.js';
import type { EventLog } from './event-log.js';
import { heartbeatText, resetText, type ResetReason } from './event-text.js';

export class EventReader {
  readonly #log: EventLog;
  readonly #response: ServerResponse;
  readonly #listeners: Listeners;
  #place: number;
  /** Since when the connection takes no more; undefined: it does. Monotonic ms. */
  #blockedSince: number | undefined;
  #sentSinceBeat = false;

  /** @param response its head is written, and nobody else writes to it */
  constructor(log: EventLog, response: ServerResponse, listeners: Listeners) {
    this.#log = log;
    this.#response = response;
    this.#listeners = listeners;
    this.#place = log.end;
  }

  /** Goes on after a revision, or sends a reset if that is not possible. @param after what the client knows */
  begin(after: Known): void {
    const place = typeof after === 'number' ? this.#log.placeAfter(after) : undefined;
    if (place === undefined) this.#reset(after === undefined ? 'new' : 'unknown');
    else this.#place = place;
  }

  /** Sends some of what there is. Returns true where more can be sent. */
  sendSome(): boolean {
    if (this.#blockedSince !== undefined) return false;
    if (!this.#log.has(this.#place)) this.#reset('too_slow');
    if (this.#place === this.#log.end) return false;
    const { text, next } = this.#log.read(this.#place, this.#listeners);
    this.#place = next;
    if (text.length > 0) this.send(text);
    return this.#blockedSince === undefined && next < this.#log.end;
  }

  /** To be called when the connection takes more again. */
  unblock(): void {
    this.#blockedSince = undefined;
  }

  /** To be called now and then: shows that the connection lives, and ends one that has taken nothing for too long. */
  beat(stallMs: number): void {
    if (this.#blockedSince !== undefined) {
      if (performance.now() - this.#blockedSince >= stallMs) this.#response.destroy();
      return;
    }
    if (!this.#sentSinceBeat) this.send(heartbeatText);
    this.#sentSinceBeat = false;
  }

  send(text: string | Buffer): void {
    this.#sentSinceBeat = true;
    if (!this.#response.write(text)) this.#blockedSince = performance.now();
  }

  end(): void {
    this.#response.end();
  }

  #reset(why: ResetReason): void {
    this.#place = this.#log.end;
    this.send(resetText(why, this.#log.epoch, this.#log.revision));
  }
}

/**
 * Entity tags of `/v1/status`. A tag names what a poller knows once it has applied the answer, not the bytes of one
 * answer: those move with every probe, and nobody routes by that. So the tag is weak, it is the same with `since` and
 * without, and of a filtered answer it stays while only other listeners change.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Listeners } from '../change-log.js';
import type { FrontState } from '../state.js';
import { weakTag } from './etag.js';

export class StatusTags {
  readonly #state: FrontState;
  /** Two checkers behind one name, started in the same second, could have the same revision. */
  readonly #process = randomBytes(8).toString('hex');

  constructor(state: FrontState) {
    this.#state = state;
  }

  of(listeners: Listeners): string {
    const { changes, model } = this.#state;
    const revision = listeners === undefined ? changes.revision : changes.newestOf(listeners);
    const of = JSON.stringify([this.#process, model.plan.checker, ...[...(listeners ?? [])].sort()]);
    return weakTag(`${createHash('sha256').update(of).digest('base64url').slice(0, 12)}.${revision}`);
  }
}

/**
 * Entity tags of `/v1/status`. A tag names what a poller knows once it has applied the answer, not the bytes of one
 * answer: those move with every probe, and nobody routes by that. So the tag is weak, it is the same with `since` and
 * without, and of a filtered answer it stays while only other listeners change. It holds the epoch: two daemons behind
 * one name never share a tag.
 */
import { createHash } from 'node:crypto';
import type { Listeners } from '../view/change-log.js';
import type { FrontState } from '../view/state.js';
import { weakTag } from './etag.js';

export class StatusTags {
  readonly #state: FrontState;

  constructor(state: FrontState) {
    this.#state = state;
  }

  of(listeners: Listeners): string {
    const { changes, epoch, model } = this.#state;
    const revision = listeners === undefined ? changes.revision : changes.newestOf(listeners);
    const of = JSON.stringify([epoch, model.plan.checker, ...[...(listeners ?? [])].sort()]);
    return weakTag(`${createHash('sha256').update(of).digest('base64url').slice(0, 12)}.${revision}`);
  }
}

/** Changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { eventId } from '../../../status/epoch.js';
import type { Change } from '../../../messages.js';
import { slotOf, type Model } from '../model.js';
import { rfc3339 } from '../../http/time.js';

/** Why a reader is told to start over. */
export const resetReasons = ['new', 'unknown', 'too_slow'] as const;
export type ResetReason = (typeof resetReasons)[number];

/** One event; JSON has no line break, so its data is one line. */
export function eventText(change: Change, epoch: string, model: Model): string {
  return `id: ${eventId(epoch, change.revision)}\nevent: ${change.what}\ndata: ${JSON.stringify(eventData(change, model))}\n\n`;
}

/** Follows the schema `Event`. */
function eventData(change: Change, model: Model): Record<string, unknown> {
  const { listener, backend, what, at, from, to, routable, because, stale, reason, detail, runLength, revision, slot } = change;
  const found = what === 'removed' ? undefined : model.backend(listener, backend);
  // One that has gone meanwhile: its row may be another's.
  const present = found !== undefined && slotOf(found) === slot ? found : undefined;
  return {
    checker: model.plan.checker,
    listener,
    backend,
    address: present?.listener.backends.address(present.place) ?? null,
    port: present?.listener.backends.port(present.place) ?? null,
    weight: present === undefined ? null : model.status.weight(slot),
    at: rfc3339(at),
    from,
    to,
    routable: what !== 'removed' && routable,
    routable_because: because,
    stale,
    reason: reason ?? null,
    detail: detail ?? '',
    run_length: runLength ?? null,
    revision,
  };
}

/** Has no id: who loses the connection before having started over is told once more. */
export function resetText(why: ResetReason, epoch: string, revision: number): string {
  return `event: reset\ndata: ${JSON.stringify({ why, epoch, revision })}\n\n`;
}

/** A comment: it keeps proxies from closing a quiet connection, and shows a dead one. */
export const heartbeatText = ':\n\n';

/** @param ms how long a reader waits before it connects again */
export function retryText(ms: number): string {
  return `retry: ${ms}\n\n`;
}

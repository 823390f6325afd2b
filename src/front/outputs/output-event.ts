/** One thing that happened to a backend, as outputs tell it: the words are those of the API. */
import type { Reason } from '../../health/reasons.js';
import type { RoutableBecause } from '../../health/routable.js';
import type { State } from '../../health/state.js';
import type { Change } from '../../messages.js';
import { rfc3339 } from '../http/time.js';
import type { BackendsView } from './backends-view.js';

/** What an output may be told of. */
export const eventKinds = ['state', 'routing', 'weight', 'stale', 'membership'] as const;
export type EventKind = (typeof eventKinds)[number];

export interface OutputEvent {
  /** Grows with every change of this checker, over restarts too; a batch names the epoch that it belongs to. */
  readonly revision: number;
  /** `present`: nothing is known but how it is now. */
  readonly event: Change['what'] | 'present';
  readonly listener: string;
  readonly backend: string;
  /** Null for a backend that has gone. */
  readonly address: string | null;
  readonly port: number | null;
  /** The one that is in force. */
  readonly weight: number | null;
  /** The same as `to` where the state did not change. */
  readonly from: State | null;
  /** Null for a backend that has gone. */
  readonly to: State | null;
  readonly routable: boolean;
  readonly routable_because: RoutableBecause | null;
  /** No probe has said anything about the backend for long; null for a backend that has gone. */
  readonly stale: boolean | null;
  /** Of the probe that decided; null where none did. */
  readonly reason: Reason | null;
  readonly detail: string | null;
  readonly run_length: number | null;
  /** RFC 3339; null where nobody knows when it was removed. */
  readonly at: string | null;
  /** Changes of state between `from` and `to` that were not told. */
  readonly missed: number;
}

export function isWanted({ what }: Change, wanted: ReadonlySet<EventKind>): boolean {
  return wanted.has(what === 'added' || what === 'removed' ? 'membership' : what);
}

/** A change as it was. */
export function eventOf(change: Change, view: BackendsView): OutputEvent {
  const { revision, what, listener, backend, at, from, to, routable, because, stale, reason, detail, runLength } = change;
  if (what === 'removed') return { ...removedEvent(change), from, at: rfc3339(at) };
  const now = view.backend(listener, backend);
  return {
    revision,
    event: what,
    listener,
    backend,
    address: now?.address ?? null,
    port: now?.port ?? null,
    weight: now?.weight ?? null,
    from,
    to,
    routable,
    routable_because: because,
    stale,
    reason: reason ?? null,
    detail: detail ?? null,
    run_length: runLength ?? null,
    at: rfc3339(at),
    missed: 0,
  };
}

/**
 * How the backend in a slot is now, and what of its states was not told; undefined where none is there.
 *
 * @param since the revision that is known
 */
export function presentEvent(slot: number, since: number, view: BackendsView): OutputEvent | undefined {
  const now = view.at(slot);
  if (now === undefined) return undefined;
  const { revision, listener, backend, address, port, weight, state, routable, because, stale } = now;
  const untold = view.transitionsAt(slot).filter((transition) => transition.revision > since);
  const newest = untold[0];
  // The table may be ahead of what was posted: why it is in this state comes with the change then.
  const why = newest?.to === state ? newest : undefined;
  return {
    revision,
    event: newest === undefined ? 'present' : 'state',
    listener,
    backend,
    address,
    port,
    weight,
    from: untold.at(-1)?.from ?? state,
    to: state,
    routable,
    routable_because: because,
    stale,
    reason: why?.reason ?? null,
    detail: why?.detail ?? null,
    run_length: why?.runLength ?? null,
    at: rfc3339(why?.at ?? now.since),
    missed: Math.max(0, untold.length - 1),
  };
}

/** A backend that has gone, of which nothing else is known any more. */
export function removedEvent({ revision, listener, backend }: Pick<Change, 'revision' | 'listener' | 'backend'>): OutputEvent {
  return {
    revision,
    event: 'removed',
    listener,
    backend,
    address: null,
    port: null,
    weight: null,
    from: null,
    to: null,
    routable: false,
    routable_because: null,
    stale: null,
    reason: null,
    detail: null,
    run_length: null,
    at: null,
    missed: 0,
  };
}

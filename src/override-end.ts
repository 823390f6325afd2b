/**
 * When overrides and weights of operators end by themselves.
 *
 * An override that was set for a duration (`expires_in_seconds`) ends when the monotonic clock has measured that
 * duration, however the wall clock is set meanwhile, forward or back (instant.ts). An override that was set until a time
 * (`expires_at`) follows the wall clock alone.
 *
 * Only the wall-clock end and the duration are saved; the end is corrected when the wall clock is set. A later process
 * cannot know the monotonic time that passed before its start. It ends the override by the wall clock, and at the latest
 * one whole duration after its own start: if the clock went back meanwhile, the override lasts longer by at most that.
 */
import { instantAfter, msUntil, wallTimeOf, type Instant } from './instant.js';
import type { OperatorNote, Override } from './messages.js';

/** The members of a note that say when it ends. */
export type NoteEnd = Pick<OperatorNote, 'expiresAt' | 'lastsMs' | 'endsAtMs'>;

export function endAfter(lastsMs: number, now: Instant): NoteEnd {
  const { wallMs, monotonicMs } = instantAfter(now, lastsMs);
  return { expiresAt: wallMs, lastsMs, endsAtMs: monotonicMs };
}

/** How long until the next of mode and weight ends, ms; 0 or less: it should have ended. Infinity: somebody has to end them. */
export function msUntilEnd({ adminNote, weightNote }: Override, now: Instant): number {
  return Math.min(msUntilNoteEnds(adminNote, now), msUntilNoteEnds(weightNote, now));
}

function msUntilNoteEnds({ expiresAt = Infinity, endsAtMs }: Partial<NoteEnd> = {}, now: Instant): number {
  return endsAtMs === undefined ? expiresAt - now.wallMs : msUntil({ monotonicMs: endsAtMs }, now);
}

/** When a note ends by the wall clock as it goes now, ms since the epoch; undefined: when an operator ends it. */
export function expiryOf({ expiresAt, endsAtMs }: NoteEnd, now: Instant): number | undefined {
  if (expiresAt === undefined || endsAtMs === undefined) return expiresAt;
  return wallTimeOf({ wallMs: expiresAt, monotonicMs: endsAtMs }, now);
}

/** What is left of an override; undefined: nothing. */
export function unexpired({ listener, backend, admin, weight, adminNote, weightNote }: Override, now: Instant): Override | undefined {
  const adminLeft = msUntilNoteEnds(adminNote, now) <= 0 ? 'none' : admin;
  const weightLeft = msUntilNoteEnds(weightNote, now) <= 0 ? undefined : weight;
  if (adminLeft === 'none' && weightLeft === undefined) return undefined;
  return {
    listener,
    backend,
    admin: adminLeft,
    weight: weightLeft,
    ...(adminLeft !== 'none' && adminNote && { adminNote }),
    ...(weightLeft !== undefined && weightNote && { weightNote }),
  };
}

/** An override of an earlier process, with its end by the monotonic clock of this one. */
export function resumed(override: Override, now: Instant): Override {
  return withNotes(override, (note) => {
    const { expiresAt, lastsMs } = note;
    if (expiresAt === undefined || lastsMs === undefined) return note;
    return { ...note, endsAtMs: now.monotonicMs + Math.min(lastsMs, expiresAt - now.wallMs) };
  });
}

/** What of an override may be saved: nothing that only this process understands, and its end by the present wall clock. */
export function savable(override: Override, now: Instant): Override {
  return withNotes(override, (note) => ({
    by: note.by,
    why: note.why,
    at: note.at,
    expiresAt: expiryOf(note, now),
    ...(note.lastsMs !== undefined && { lastsMs: note.lastsMs }),
  }));
}

function withNotes(override: Override, change: (note: OperatorNote) => OperatorNote): Override {
  const { adminNote, weightNote } = override;
  return {
    ...override,
    ...(adminNote && { adminNote: change(adminNote) }),
    ...(weightNote && { weightNote: change(weightNote) }),
  };
}

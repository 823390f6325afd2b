/**
 * Epochs name the process that gave out a revision. Revisions begin with the second of the start (revisions.ts), so two
 * daemons that start in the same second give out the same ones for different changes; only together with its epoch does
 * a revision mean one moment of one daemon.
 *
 * An epoch belongs to one process and is not saved: the change log is in memory only, so no later process can say what
 * changed after a revision of an earlier one. It outlives a crash of the front thread, because the engine goes on giving
 * out revisions, and a new front knows which of them it has seen (see `knows` in front/view/change-log.ts).
 */
import { randomBytes } from 'node:crypto';

/** What an epoch of a client may look like. Wider than {@link newEpoch}, for epochs of later versions. No colon: see {@link eventId}. */
export const epochPattern = '^[A-Za-z0-9_-]{1,64}$';

/** 64 random bits as 16 hexadecimal digits. */
export function newEpoch(): string {
  return randomBytes(8).toString('hex');
}

/** `EPOCH:REVISION`: the id of an event, and what a reader sends back as `Last-Event-ID`. */
export function eventId(epoch: string, revision: number): string {
  return `${epoch}:${revision}`;
}

/** A revision as a client names it. */
export interface NamedRevision {
  /** Undefined: the client does not say whose revision it is. */
  readonly epoch: string | undefined;
  readonly revision: number;
}

/** At most 16 digits, as many as Number.MAX_SAFE_INTEGER has. */
const eventIdForm = /^(?:([A-Za-z0-9_-]{1,64}):)?(\d{1,16})$/;

/**
 * Reads an {@link eventId}, or a bare revision as versions before epochs gave out.
 *
 * @param text anything that a client may send
 * @returns undefined if it is neither
 */
export function parseEventId(text: string): NamedRevision | undefined {
  const [, epoch, digits] = eventIdForm.exec(text) ?? [];
  return digits === undefined ? undefined : { epoch, revision: Number(digits) };
}

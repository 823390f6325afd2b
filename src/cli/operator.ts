/** What `vitald override` and `vitald weight` have in common. */
import { harmless } from '../diagnosis/text-style.js';
import { CodedError } from '../errors.js';

export interface NoteFlags {
  readonly reason?: string;
  readonly by?: string;
  readonly for?: string;
}

interface Note {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  readonly expires_at: string | null;
}

/** As the API answers. */
export interface OverrideAnswer {
  readonly listener: string;
  readonly backend: string;
  readonly present: boolean;
  readonly override: (Note & { readonly mode: string }) | null;
  readonly weight_override: (Note & { readonly weight: number }) | null;
}

export function backendPath(listener: string, backend: string): string {
  return `/v1/listeners/${encodeURIComponent(listener)}/backends/${encodeURIComponent(backend)}`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * The part of a body that says who, why and until when.
 *
 * @param usage what to write instead
 * @throws CodedError usage
 */
export function noteOf(flags: NoteFlags, user: string | undefined, usage: string): Record<string, unknown> {
  const { reason, by = user, for: duration } = flags;
  if (reason === undefined) throw new CodedError('usage', `--reason is missing: the operator on call has to know why; ${usage}`);
  return { reason, ...(by !== undefined && { by }), ...(duration !== undefined && { expires_in_seconds: secondsOf(duration) }) };
}

function secondsOf(text: string): number {
  const [, number, unit = ''] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * (unitSeconds[unit] ?? NaN);
  if (!(seconds > 0)) throw new CodedError('usage', `--for ${JSON.stringify(text)} is not a duration such as 90s, 30m, 2h or 1d`);
  return seconds;
}

/** A line for each of override and weight. */
export function overrideLines({ listener, backend, present, override, weight_override: weight }: OverrideAnswer): string {
  const where = `${listener}/${backend}${present ? '' : ' (not there now)'}`;
  const lines = [override && line(where, override.mode, override), weight && line(where, `weight ${weight.weight}`, weight)];
  return lines.flatMap((text) => (text === null ? [] : `${harmless(text)}\n`)).join('');
}

function line(where: string, what: string, { by, reason, at, expires_at: until }: Note): string {
  return `${where}  ${what}  by ${by} since ${at}${until === null ? '' : ` until ${until}`}: ${reason}`;
}

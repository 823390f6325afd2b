/** `vitald weight`: another weight for a backend of a running daemon. Source: docs/operations.md. */
import { CodedError } from '../errors.js';
import type { Client } from './client/client.js';
import { ApiRefusal } from './client/refusal.js';
import type { Io } from './io.js';
import { backendPath, noteOf, overrideLines, type NoteFlags, type OverrideAnswer } from './operator.js';

export interface WeightFlags extends NoteFlags {
  readonly end: boolean;
  readonly json: boolean;
}

const usage = 'write vitald weight LISTENER BACKEND N --reason "…" [--for 2h], or --end';

/**
 * @param words LISTENER, BACKEND and N
 * @param user who asks, where `--by` does not say
 * @returns the exit code: 0 done, 1 the backend has its configured weight already
 * @throws CodedError usage; as {@link Client} does
 */
export async function weightCommand(
  words: readonly string[],
  flags: WeightFlags,
  user: string | undefined,
  client: Client,
  io: Io,
): Promise<0 | 1> {
  const [listener, backend, number] = words;
  if (listener === undefined || backend === undefined || (number === undefined) !== flags.end) throw new CodedError('usage', usage);
  const path = `${backendPath(listener, backend)}/weight`;
  try {
    const { body } = flags.end
      ? await client.request('DELETE', path, { query: { by: flags.by ?? user, reason: flags.reason } })
      : await client.request('PUT', path, { body: { weight: weightOf(number!), ...noteOf(flags, user, usage) } });
    if (flags.json) io.out(`${JSON.stringify(body)}\n`);
    else io.out(flags.end ? 'ended; the configured weight is in force\n' : overrideLines(body as OverrideAnswer));
    return 0;
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.problem !== 'override_not_found') throw error;
    io.err('vitald: this backend has its configured weight\n');
    return 1;
  }
}

function weightOf(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text))
    throw new CodedError('usage', `${JSON.stringify(text)} is not a weight: a whole number, 0 drains; ${usage}`);
  return Number(text);
}

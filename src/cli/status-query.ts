/** What `vitald status` asks a daemon for, and what it shows of the answer. */
import { CodedError } from '../errors.js';
import type { State } from '../health/state.js';
import type { BackendAnswer, StatusAnswer } from './client/answers.js';
import type { Client } from './client/client.js';

/** What is asked for; undefined: everything. */
export interface Wanted {
  readonly listener: string | undefined;
  readonly backend: string | undefined;
  readonly states: readonly State[] | undefined;
}

/** Everything that is asked for, as it is now. @throws CodedError as {@link Client} does */
export async function askStatus(
  client: Client,
  { listener }: Wanted,
  more: { since?: number; epoch?: string | undefined; wait?: string } = {},
): Promise<StatusAnswer> {
  const { body } = await client.request('GET', '/v1/status', { query: { listener, ...more } });
  return body as StatusAnswer;
}

export function isWanted({ listener, backend, state }: BackendAnswer, wanted: Wanted): boolean {
  return (
    (wanted.listener === undefined || wanted.listener === listener) &&
    (wanted.backend === undefined || wanted.backend === backend) &&
    (wanted.states === undefined || wanted.states.includes(state))
  );
}

/** @throws CodedError usage where there is none of that name */
export function mustHave({ backends }: StatusAnswer, listener: string, backend: string): void {
  if (backends.some((one) => one.listener === listener && one.backend === backend)) return;
  const see = `\`vitald status ${listener}\` lists its ${backends.length} backends`;
  throw new CodedError('usage', `listener ${JSON.stringify(listener)} has no backend ${JSON.stringify(backend)}; ${see}`);
}

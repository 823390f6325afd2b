/** `vitald status`: how the backends of a running daemon are. See docs/api.md. */
import { CodedError } from '../errors.js';
import { states, type State } from '../health/state.js';
import type { Client } from './client/client.js';
import type { Io } from './io.js';
import { statusOfOne } from './status-one.js';
import { askStatus, isWanted, type Wanted } from './status-query.js';
import { sortedForPeople, statusTable, summaryLine } from './status-text.js';
import { watchStatus } from './status-watch.js';

export interface StatusFlags {
  readonly watch: boolean;
  readonly state?: readonly string[];
  readonly json: boolean;
}

/**
 * @param words LISTENER and BACKEND, or fewer
 * @returns the exit code: 0 done; 1 the backend that was named is not routable
 * @throws CodedError as {@link Client} does, and usage
 */
export async function statusCommand(words: readonly string[], flags: StatusFlags, client: Client, io: Io): Promise<0 | 1> {
  const [listener, backend] = words;
  const wanted: Wanted = { listener, backend, states: statesOf(flags.state) };
  if (backend !== undefined && flags.state !== undefined)
    throw new CodedError('usage', '--state chooses among several backends; one was named');
  if (flags.watch) return watchStatus(wanted, flags.json, client, io);
  if (backend !== undefined) return statusOfOne(listener!, backend, flags.json, client, io);
  const answer = await askStatus(client, wanted);
  const shown = answer.backends.filter((one) => isWanted(one, wanted));
  if (flags.json) io.out(`${JSON.stringify({ ...answer, backends: shown }, undefined, 2)}\n`);
  else io.out(`${shown.length > 0 ? `${statusTable(sortedForPeople(shown), io, Date.now())}\n` : ''}${summaryLine(shown, answer.checker)}`);
  return 0;
}

function statesOf(names: readonly string[] | undefined): readonly State[] | undefined {
  return names?.map((name) => {
    const found = states.find((state) => state === name);
    if (found === undefined) throw new CodedError('usage', `${JSON.stringify(name)} is not a state; those are ${states.join(', ')}`);
    return found;
  });
}

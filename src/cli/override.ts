/** `vitald override`: take backends of a running daemon out of traffic and back. Source: docs/operations.md. */
import { CodedError } from '../errors.js';
import type { Client } from './client/client.js';
import { ApiRefusal } from './client/refusal.js';
import type { Io } from './io.js';
import { backendPath, noteOf, overrideLines, type NoteFlags, type OverrideAnswer } from './operator.js';

export interface OverrideFlags extends NoteFlags {
  readonly end: boolean;
  readonly list: boolean;
  readonly json: boolean;
}

const modes = ['maintenance', 'forced_healthy', 'forced_unhealthy'] as const;
const usage = `write vitald override LISTENER BACKEND ${modes.join('|')} --reason "…" [--for 2h], or --end, or --list`;

/**
 * @param words LISTENER, BACKEND and MODE; without MODE it shows what holds, or ends it (`--end`)
 * @param user who asks, where `--by` does not say
 * @returns the exit code: 0 done, 1 the backend is not overridden
 * @throws CodedError usage; as {@link Client} does
 */
export async function overrideCommand(
  words: readonly string[],
  flags: OverrideFlags,
  user: string | undefined,
  client: Client,
  io: Io,
): Promise<0 | 1> {
  const [listener, backend, mode] = words;
  if (flags.list) {
    if (words.length > 0 || flags.end) throw new CodedError('usage', `--list takes nothing else; ${usage}`);
    return list(flags, client, io);
  }
  if (listener === undefined || backend === undefined) throw new CodedError('usage', usage);
  const path = `${backendPath(listener, backend)}/override`;
  if (flags.end || mode === undefined) {
    if (mode !== undefined) throw new CodedError('usage', `--end takes no mode; ${usage}`);
    return flags.end ? end(path, flags, user, client, io) : show(path, flags, client, io);
  }
  const body = { mode: modeOf(mode), ...noteOf(flags, user, usage) };
  const { body: answer } = await client.request('PUT', path, { body });
  tell([answer as OverrideAnswer], flags, io);
  return 0;
}

function modeOf(word: string): (typeof modes)[number] {
  const mode = modes.find((one) => one === word);
  if (mode === undefined) throw new CodedError('usage', `${JSON.stringify(word)} is not one of ${modes.join(', ')}`);
  return mode;
}

async function list(flags: OverrideFlags, client: Client, io: Io): Promise<0> {
  const { body } = await client.request('GET', '/v1/overrides');
  const { overrides } = body as { overrides: readonly OverrideAnswer[] };
  if (flags.json) io.out(`${JSON.stringify(body)}\n`);
  else if (overrides.length === 0) io.out('nothing is overridden\n');
  else tell(overrides, flags, io);
  return 0;
}

async function show(path: string, flags: OverrideFlags, client: Client, io: Io): Promise<0 | 1> {
  return orNotOverridden(io, async () => {
    const { body } = await client.request('GET', path);
    tell([body as OverrideAnswer], flags, io);
  });
}

async function end(path: string, flags: OverrideFlags, user: string | undefined, client: Client, io: Io): Promise<0 | 1> {
  return orNotOverridden(io, async () => {
    const { body } = await client.request('DELETE', path, { query: { by: flags.by ?? user, reason: flags.reason } });
    if (flags.json) io.out(`${JSON.stringify(body)}\n`);
    else io.out('ended; its check decides again\n');
  });
}

async function orNotOverridden(io: Io, ask: () => Promise<void>): Promise<0 | 1> {
  try {
    await ask();
    return 0;
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.problem !== 'override_not_found') throw error;
    io.err('vitald: this backend is not overridden\n');
    return 1;
  }
}

function tell(overrides: readonly OverrideAnswer[], { json }: OverrideFlags, io: Io): void {
  for (const override of overrides) io.out(json ? `${JSON.stringify(override)}\n` : overrideLines(override));
}

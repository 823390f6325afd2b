/** `vitald status LISTENER BACKEND`: one backend, what operators said of it, and how its state changed lately. */
import { harmless } from '../diagnosis/text-style.js';
import type { BackendDetailAnswer, OverrideNote } from './client/answers.js';
import type { Client } from './client/client.js';
import type { Io } from './io.js';
import { paintState, statusTable, type TextStyle } from './status-text.js';

const transitionsShown = 8;

/**
 * @returns the exit code: 0 it is routable, 1 it is not
 * @throws CodedError as {@link Client} does; usage where there is none of that name
 */
export async function statusOfOne(listener: string, backend: string, json: boolean, client: Client, io: Io): Promise<0 | 1> {
  const path = `/v1/listeners/${encodeURIComponent(listener)}/backends/${encodeURIComponent(backend)}`;
  const answer = (await client.request('GET', path)).body as BackendDetailAnswer;
  io.out(json ? `${JSON.stringify(answer, undefined, 2)}\n` : detailText(answer, io, Date.now()));
  return answer.routable ? 0 : 1;
}

/** @param nowMs wall-clock ms since the epoch */
export function detailText(answer: BackendDetailAnswer, style: TextStyle, nowMs: number): string {
  const { override, weight_override: weight, transitions } = answer;
  const said = [
    ...(override ? [`${override.mode}${noteText(override)}`] : []),
    ...(weight ? [`weight ${weight.weight}${noteText(weight)}`] : []),
  ];
  const changes = transitions.slice(0, transitionsShown).map(({ at, from, to, reason, detail }) => {
    const why = reason === null ? '' : `  ${reason}${detail === '' ? '' : `: ${detail}`}`;
    return `${harmless(`${at}  ${from} → `)}${paintState(to, to, style)}${harmless(why)}`;
  });
  return [statusTable([answer], style, nowMs), section('By operators', said.map(harmless)), section('Changes of state', changes)].join('');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function noteText({ by, reason, at, expires_at: until }: OverrideNote): string {
  return ` by ${by} at ${at}: ${reason}${until === null ? '' : ` (until ${until})`}`;
}

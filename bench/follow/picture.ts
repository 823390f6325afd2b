/** What a follower of the daemon knows of its backends, and how the API delivers it (docs/api.md, "Following changes"). */
import type { Agent } from 'node:http';
import { getBody } from '../scale/http-client.js';

/** A backend as far as traffic is routed by it. */
export interface BackendView {
  readonly listener: string;
  readonly backend: string;
  readonly state: string;
  readonly weight: number;
  readonly routable: boolean;
  readonly revision: number;
}

/** By {@link keyOf}. */
export type Picture = Map<string, BackendView>;

export interface StatusAnswer {
  readonly revision: number;
  /** Identifies this start of the daemon; undefined if the daemon has no epochs. */
  readonly epoch?: string;
  readonly complete: boolean;
  readonly backends: readonly BackendView[];
  readonly removed: readonly { readonly listener: string; readonly backend: string }[];
}

export const keyOf = ({ listener, backend }: { readonly listener: string; readonly backend: string }): string => `${listener}/${backend}`;

/** Without the members that change with every probe. */
export function viewOf({ listener, backend, state, weight, routable, revision }: BackendView): BackendView {
  return { listener, backend, state, weight, routable, revision };
}

/** @param query empty, or from the question mark on */
export async function readStatus(url: string, agent: Agent, query = ''): Promise<StatusAnswer> {
  return JSON.parse((await getBody(`${url}/v1/status${query}`, agent)).toString()) as StatusAnswer;
}

export function applyStatus(picture: Picture, { complete, backends, removed }: StatusAnswer): void {
  if (complete) picture.clear();
  for (const gone of removed) picture.delete(keyOf(gone));
  for (const backend of backends) picture.set(keyOf(backend), viewOf(backend));
}

/** Where two pictures differ, for people: at most some of it. */
export function differences(one: Picture, other: Picture): string[] {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys].flatMap((key) => {
    const [a, b] = [one.get(key), other.get(key)].map((view) => JSON.stringify(view));
    return a === b ? [] : [`${key}: ${a} is not ${b}`];
  });
}

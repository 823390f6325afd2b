/**
 * What people and control planes told this checker, on disk: overrides and runtime backends. Nobody could find them out
 * again, so a change of them is on the disk before it is confirmed.
 */
import { isIP } from 'node:net';
import type { RuntimeBackend, RuntimeBackends } from '../config/plan.js';
import type { Admin } from '../health/routable.js';
import { loadDurably } from './durable-file.js';
import { DurableSaver, type SaverOptions } from './durable-saver.js';
import { instantNow } from '../instant.js';
import type { OperatorNote, Override } from '../messages.js';
import { savable } from '../override-end.js';

export interface ControlState {
  readonly overrides: readonly Override[];
  readonly runtime: RuntimeBackends;
}

export const controlFormat = { name: 'control.json', version: 1 };
const nothing: ControlState = { overrides: [], runtime: [] };

/** Writes the control state. */
export class ControlFile {
  readonly #saver: DurableSaver | undefined;

  /** @param stateDir undefined: nothing is kept, and every save is done at once */
  constructor(stateDir: string | undefined, options: SaverOptions = {}) {
    this.#saver = stateDir === undefined ? undefined : new DurableSaver(stateDir, controlFormat, options);
  }

  /**
   * Resolves when the state is on the disk.
   *
   * @param state asked when the write begins; of several that wait for the same write, one
   * @throws CodedError state_not_saved: see {@link DurableSaver.save}
   */
  async save(state: () => ControlState): Promise<void> {
    await this.#saver?.save(() => bodyPieces(state()));
  }
}

/** So many at once: to write down all of 100,000 would hold up the thread. */
const itemsAPiece = 500;

function* bodyPieces({ overrides, runtime }: ControlState): Generator<string> {
  yield '{"overrides":[';
  const now = instantNow();
  yield* listPieces(overrides, (override) => savable(override, now));
  yield '],"runtime":[';
  for (const [index, { listener, backends }] of runtime.entries()) {
    yield `${index > 0 ? ',' : ''}\n{"listener":${JSON.stringify(listener)},"backends":[`;
    yield* listPieces(backends);
    yield ']}';
  }
  yield ']}\n';
}

function* listPieces<T extends object>(items: readonly T[], savable: (item: T) => object = (item) => item): Generator<string> {
  for (let first = 0; first < items.length; first += itemsAPiece) {
    const lines = items.slice(first, first + itemsAPiece).map((item) => `\n${JSON.stringify(savable(item))}`);
    yield (first > 0 ? ',' : '') + lines.join(',');
  }
}

/** What was found on the disk. */
export interface LoadedControl {
  readonly state: ControlState;
  /** A sentence about a file that was damaged, and is set aside. */
  readonly problem?: string;
}

/** Reads the control state; there is none at the first start. Never rejects. */
export async function loadControl(dir: string): Promise<LoadedControl> {
  const { value = nothing, problem } = await loadDurably(dir, controlFormat, parseControl);
  if (problem === undefined) return { state: value };
  return { state: value, problem: `${problem}; all overrides, weights set by operators and runtime backends in it are lost` };
}

// The body, with every field looked at: people may have written it by hand.

const admins = ['none', 'maintenance', 'forced_healthy', 'forced_unhealthy'] as const satisfies readonly Admin[];
const longestName = 255;
const longestText = 4096;
/** As the status table keeps it. */
const largestWeight = 2 ** 32 - 1;

/** @throws Error that says which field is wrong */
function parseControl(body: string): ControlState {
  const { overrides, runtime } = objectOf(JSON.parse(body), 'the file');
  const state = { overrides: listOf(overrides, 'overrides', override), runtime: listOf(runtime, 'runtime', runtimeListener) };
  unique(state.runtime, 'runtime', ({ listener }) => listener);
  return state;
}

function runtimeListener(value: unknown, path: string): RuntimeBackends[number] {
  const { listener, backends } = objectOf(value, path);
  const list = listOf(backends, `${path}.backends`, runtimeBackend);
  unique(list, `${path}.backends`, ({ id }) => id);
  unique(list, `${path}.backends`, ({ address, port }) => `${address} ${port}`);
  return { listener: text(listener, `${path}.listener`), backends: list };
}

function override(value: unknown, path: string): Override {
  const { listener, backend, admin, weight, adminNote, weightNote } = objectOf(value, path);
  return {
    listener: text(listener, `${path}.listener`),
    backend: text(backend, `${path}.backend`),
    admin: admins.find((one) => one === admin) ?? wrong(`${path}.admin`, admins.join(', ')),
    weight: weight === undefined ? undefined : whole(weight, `${path}.weight`, 0, largestWeight),
    ...(adminNote !== undefined && { adminNote: operatorNote(adminNote, `${path}.adminNote`) }),
    ...(weightNote !== undefined && { weightNote: operatorNote(weightNote, `${path}.weightNote`) }),
  };
}

function operatorNote(value: unknown, path: string): OperatorNote {
  const { by, why, at, expiresAt, lastsMs } = objectOf(value, path);
  return {
    by: text(by, `${path}.by`, longestText, 0),
    why: text(why, `${path}.why`, longestText, 0),
    at: whole(at, `${path}.at`, 0),
    expiresAt: expiresAt === undefined ? undefined : whole(expiresAt, `${path}.expiresAt`, 0),
    ...(lastsMs !== undefined && { lastsMs: whole(lastsMs, `${path}.lastsMs`, 0) }),
  };
}

function runtimeBackend(value: unknown, path: string): RuntimeBackend {
  const { id, address, port, weight, version, by, at } = objectOf(value, path);
  return {
    id: text(id, `${path}.id`),
    address: isIP(text(address, `${path}.address`)) === 0 ? wrong(`${path}.address`, 'an IP address') : (address as string),
    port: whole(port, `${path}.port`, 1, 65535),
    weight: whole(weight, `${path}.weight`, 0, largestWeight),
    version: whole(version, `${path}.version`, 0),
    by: text(by, `${path}.by`, longestText, 0),
    at: whole(at, `${path}.at`, 0),
  };
}

function wrong(path: string, expected: string): never {
  throw new Error(`${path} is not as expected: ${expected}`);
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object');
  return value as Record<string, unknown>;
}

function listOf<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) return wrong(path, 'a list');
  return value.map((one: unknown, place) => item(one, `${path}[${place}]`));
}

function unique<T>(items: readonly T[], path: string, keyOf: (item: T) => string): void {
  const keys = new Set<string>();
  for (const [place, item] of items.entries()) {
    if (keys.has(keyOf(item))) wrong(`${path}[${place}]`, 'different from those before it');
    keys.add(keyOf(item));
  }
}

function text(value: unknown, path: string, longest = longestName, shortest = 1): string {
  if (typeof value === 'string' && value.length >= shortest && value.length <= longest) return value;
  return wrong(path, `${shortest} to ${longest} characters`);
}

function whole(value: unknown, path: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  return wrong(path, `a whole number from ${least} to ${most}`);
}

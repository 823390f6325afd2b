/**
 * Runtime backends, changed over the API. Changes are done one after the other, those that come while the engine works
 * on some together: a storm of them is a few changes of plan. A reload that comes between makes them begin anew with
 * its plan, so that neither loses what the other did.
 */
import { formatEndpoint } from '../../endpoint.js';
import { BackendColumns } from '../../config/backend-columns.js';
import { originsIn } from '../../config/pack.js';
import { runtimePlan } from '../../config/runtime-backends.js';
import type { RuntimeBackend } from '../../config/plan.js';
import { CodedError } from '../../errors.js';
import type { MembersCommand } from '../../messages.js';
import type { EnginePort } from './engine-port.js';
import type { ListenerView, Model } from '../view/model.js';
import type { FrontState } from '../view/state.js';
import { Batches, Breaks } from './batches.js';
import type { Condition } from './condition.js';
import { definitionOfPath, isProblem, readDefinition, type ChangeProblem, type Definition, type RawDefinition } from './definition.js';
import { Draft, EditRefused, listRefused, sentence, type ListenerDraft, type PutResult, type ReplaceResult, type Stamp } from './edits.js';

interface EditBase {
  readonly listener: string;
  readonly condition: Condition;
  /** Name of the caller. */
  readonly by: string;
}

export interface PutEdit extends EditBase {
  readonly kind: 'put';
  readonly id: string;
  readonly body: RawDefinition;
}

export interface DeleteEdit extends EditBase {
  readonly kind: 'delete';
  readonly id: string;
}

export interface ReplaceEdit extends EditBase {
  readonly kind: 'replace';
  readonly backends: readonly RawDefinition[];
  /** The listener may lose its last backend. */
  readonly allowEmpty: boolean;
}

type Edit = PutEdit | DeleteEdit | ReplaceEdit;
type EditResult = PutResult | RuntimeBackend | ReplaceResult;

interface Pending {
  readonly edit: Edit;
  resolve(result: EditResult): void;
  reject(error: unknown): void;
}

/** An edit that was read with the present plan. */
interface Read {
  readonly pending: Pending;
  readonly definitions: readonly Definition[];
}

/** Changes that wait for the engine; more than these are refused. */
const mostWaiting = 1000;

export class RuntimeChanges {
  readonly #state: FrontState;
  readonly #engine: EnginePort;
  readonly #batches = new Batches<Pending>((pending) => this.#work(pending));
  #lastVersion: number;

  constructor(state: FrontState, engine: EnginePort) {
    this.#state = state;
    this.#engine = engine;
    this.#lastVersion = newestVersion(state);
  }

  /**
   * Resolves when the backend is in force.
   *
   * @throws EditRefused
   */
  put(edit: Omit<PutEdit, 'kind'>): Promise<PutResult> {
    return this.#add({ kind: 'put', ...edit }) as Promise<PutResult>;
  }

  /** @returns what was removed @throws EditRefused */
  delete(edit: Omit<DeleteEdit, 'kind'>): Promise<RuntimeBackend> {
    return this.#add({ kind: 'delete', ...edit }) as Promise<RuntimeBackend>;
  }

  /** Makes these the listener's runtime backends, all of them or, where any cannot be, none. @throws EditRefused */
  replace(edit: Omit<ReplaceEdit, 'kind'>): Promise<ReplaceResult> {
    return this.#add({ kind: 'replace', ...edit }) as Promise<ReplaceResult>;
  }

  #add(edit: Edit): Promise<EditResult> {
    if (this.#batches.waiting >= mostWaiting) {
      throw new CodedError('unavailable', `${mostWaiting} changes of backends wait already; try again in a moment.`);
    }
    return new Promise((resolve, reject) => this.#batches.add({ edit, resolve, reject }));
  }

  async #work(pending: readonly Pending[]): Promise<void> {
    try {
      for (let left = pending; left.length > 0;) left = await this.#attempt(left);
    } catch (error) {
      for (const one of pending) one.reject(error);
    }
  }

  /** @returns those to attempt again, with the plan that has come meanwhile */
  async #attempt(pending: readonly Pending[]): Promise<readonly Pending[]> {
    const { model, planNumber, runtime } = this.#state;
    const breaks = new Breaks();
    const read = await readAll(pending, model, breaks);
    const inFile = await endpointsInFile(read, model, breaks);
    const draft = new Draft(model, runtime);
    const accepted = read.flatMap(({ pending: one, definitions }) => {
      try {
        const { listener } = one.edit;
        const result = this.#apply(one.edit, definitions, draft.listener(listener, inFile.get(listener) ?? new Set()));
        return [{ one, result }];
      } catch (error) {
        one.reject(error);
        return [];
      }
    });
    const command = membersCommand(draft, model, planNumber);
    const answer = command === undefined ? undefined : await this.#engine.ask(command);
    if (answer?.done === false && answer.why === 'stale' && this.#state.planNumber !== planNumber) return accepted.map(({ one }) => one);
    for (const { one, result } of accepted) {
      if (answer === undefined || answer.done) one.resolve(result);
      else one.reject(new CodedError('unavailable', sentence(`The change could not be put in force: ${answer.detail ?? answer.why}`)));
    }
    return [];
  }

  #apply(edit: Edit, definitions: readonly Definition[], draft: ListenerDraft): EditResult {
    switch (edit.kind) {
      case 'put':
        return draft.put(definitions[0]!, edit.condition, this.#stamp(edit.by));
      case 'delete':
        return draft.delete(edit.id, edit.listener, edit.condition);
      case 'replace':
        return draft.replace(definitions, edit.condition, edit.allowEmpty, this.#stamp(edit.by));
      default:
        return edit satisfies never;
    }
  }

  /** Versions come from the clock: a backend that was deleted and made anew never gets one that it had. */
  #stamp(by: string): Stamp {
    const at = Date.now();
    this.#lastVersion = Math.max(this.#lastVersion + 1, at);
    return { by, at, version: this.#lastVersion };
  }
}

function newestVersion({ runtime }: FrontState): number {
  return runtime.all.reduce((newest, { backends }) => backends.reduce((most, { version }) => Math.max(most, version), newest), 0);
}

/** Reads what came with the present plan, and rejects what cannot be read. */
async function readAll(pending: readonly Pending[], model: Model, breaks: Breaks): Promise<Read[]> {
  const all: Read[] = [];
  for (const one of pending) {
    const found = await readEdit(one.edit, model, breaks);
    if (found instanceof CodedError) one.reject(found);
    else all.push({ pending: one, definitions: found });
  }
  return all;
}

async function readEdit(edit: Edit, model: Model, breaks: Breaks): Promise<readonly Definition[] | CodedError> {
  if (edit.kind === 'delete') return [];
  const listener = model.listener(edit.listener);
  if (listener === undefined)
    return new CodedError('listener_not_found', `There is no listener ${JSON.stringify(edit.listener)} any more.`);
  const definitions: Definition[] = [];
  const problems: (ChangeProblem & { index: number })[] = [];
  for (const [index, raw] of (edit.kind === 'put' ? [definitionOfPath(edit.id, edit.body)] : edit.backends).entries()) {
    const definition = isProblem(raw) ? raw : readDefinition(raw, contextOf(listener, model));
    if (isProblem(definition)) problems.push({ index, ...definition });
    else definitions.push(definition);
    await breaks.take();
  }
  const [first] = problems;
  if (first === undefined) return definitions;
  return edit.kind === 'put'
    ? new EditRefused(first.code, sentence(`The backend cannot be taken: ${first.message}`))
    : listRefused(problems);
}

function contextOf({ plan }: ListenerView, model: Model): Parameters<typeof readDefinition>[1] {
  return { listener: plan.name, defaultPort: plan.port, allowedNetworks: model.plan.server.allowedNetworks };
}

/** By listener: those of the endpoints that edits name which the file has. One pass over its backends, whatever was asked. */
async function endpointsInFile(read: readonly Read[], model: Model, breaks: Breaks): Promise<Map<string, Set<string>>> {
  const wanted = new Map<string, Map<string, number>>();
  for (const { pending, definitions } of read) {
    const ofListener = wanted.get(pending.edit.listener) ?? new Map<string, number>();
    for (const { address, port } of definitions) ofListener.set(formatEndpoint(address, port), port);
    wanted.set(pending.edit.listener, ofListener);
  }
  const found = new Map<string, Set<string>>();
  for (const [name, endpoints] of wanted) {
    const columns = model.listener(name)?.backends;
    if (columns !== undefined && endpoints.size > 0) found.set(name, await shared(columns, endpoints, breaks));
  }
  return found;
}

/** Backends looked at before the clock is: a fraction of a millisecond. */
const atOnce = 500;

async function shared(columns: BackendColumns, endpoints: ReadonlyMap<string, number>, breaks: Breaks): Promise<Set<string>> {
  const ports = new Set(endpoints.values());
  const found = new Set<string>();
  for (let place = 0; place < columns.fromFile; place++) {
    if (place % atOnce === 0) await breaks.take();
    const port = columns.port(place);
    if (!ports.has(port)) continue;
    const endpoint = formatEndpoint(columns.address(place), port);
    if (endpoints.has(endpoint)) found.add(endpoint);
  }
  return found;
}

/** Undefined: nothing is to be done. */
function membersCommand(draft: Draft, model: Model, basis: number): MembersCommand | undefined {
  const { changed } = draft;
  if (changed.length === 0) return undefined;
  const listeners = changed.flatMap(({ name, draft: { backends } }) => {
    const listener = model.listener(name);
    return listener === undefined ? [] : [{ name, ...packed(listener, [...backends.values()]) }];
  });
  return { kind: 'members', basis, runtime: draft.all(), listeners };
}

function packed(
  { plan, backends: before }: ListenerView,
  runtime: readonly RuntimeBackend[],
): Omit<MembersCommand['listeners'][number], 'name'> {
  const memory = BackendColumns.withRuntime(
    before,
    runtime.map((backend) => runtimePlan(backend, plan)),
  );
  return { backends: memory, origins: originsIn(before, new BackendColumns(memory), before.fromFile) };
}

/** Changes of runtime backends, before they are asked of the engine: each is done as a whole, or refused. */
import { formatEndpoint } from '../../endpoint.js';
import type { RuntimeBackend, RuntimeBackends } from '../../config/plan.js';
import { CodedError, type ErrorCode } from '../../errors.js';
import type { ListenerView, Model } from '../view/model.js';
import { checkCondition, type Condition } from './condition.js';
import type { ChangeProblem, Definition } from './definition.js';
import { backendTag, setTag, type RuntimeStore } from '../view/runtime-store.js';

/** Of all listeners together: all of them cross threads with each plan, and are written to disk with each change. */
export const mostRuntimeBackends = 10_000;

/** Of a list's problems. */
const problemsShown = 100;

/** A change of runtime backends, refused. */
export class EditRefused extends CodedError {
  /** @param problems of the backends of a list, by their place in it */
  constructor(
    code: ErrorCode,
    message: string,
    readonly problems: readonly (ChangeProblem & { readonly index: number })[] = [],
  ) {
    super(code, message);
  }

  override get members(): Readonly<Record<string, unknown>> {
    const { problems } = this;
    if (problems.length === 0) return {};
    const shown = problems.slice(0, problemsShown).map(({ index, code, message }) => ({ index, code, detail: sentence(message) }));
    return { problem_count: problems.length, problems: shown };
  }
}

/** Who changes something, and when; every change has a version of its own. */
export interface Stamp {
  readonly by: string;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
  readonly version: number;
}

export interface PutResult {
  readonly before: RuntimeBackend | undefined;
  readonly after: RuntimeBackend;
}

export interface ReplaceResult {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly total: number;
  readonly tagBefore: string;
  readonly tag: string;
}

/** What all listeners' runtime backends will be. */
export class Draft {
  readonly #model: Model;
  readonly #runtime: RuntimeStore;
  readonly #drafts = new Map<string, ListenerDraft>();
  #total: number;

  constructor(model: Model, runtime: RuntimeStore) {
    this.#model = model;
    this.#runtime = runtime;
    this.#total = runtime.size;
  }

  /** @param inFile endpoints of the listener's file that edits name, too */
  listener(name: string, inFile: ReadonlySet<string>): ListenerDraft {
    let draft = this.#drafts.get(name);
    if (draft === undefined) {
      const present = this.#runtime.of(name);
      const view = this.#model.listener(name);
      draft = new ListenerDraft(view, new Map(present), inFile, (more) => this.#take(more));
      this.#drafts.set(name, draft);
    }
    return draft;
  }

  /** Listeners that are not as before. */
  get changed(): { readonly name: string; readonly draft: ListenerDraft }[] {
    return [...this.#drafts].filter(([, { isChanged }]) => isChanged).map(([name, draft]) => ({ name, draft }));
  }

  /** All of them, as they are to be. */
  all(): RuntimeBackends {
    const names = new Set([...this.#runtime.listeners, ...this.#drafts.keys()]);
    return [...names]
      .map((listener) => ({ listener, backends: [...(this.#drafts.get(listener)?.backends ?? this.#runtime.of(listener)).values()] }))
      .filter(({ backends }) => backends.length > 0);
  }

  #take(more: number): void {
    if (more > 0 && this.#total + more > mostRuntimeBackends) {
      throw new EditRefused(
        'runtime_backend_limit',
        `There may be ${mostRuntimeBackends} runtime backends in all, and ${this.#total} are there.`,
      );
    }
    this.#total += more;
  }
}

export class ListenerDraft {
  readonly #view: ListenerView | undefined;
  readonly #inFile: ReadonlySet<string>;
  readonly #take: (more: number) => void;
  #backends: Map<string, RuntimeBackend>;
  /** Who is at which address and port. */
  #idAt: Map<string, string>;
  #changed = false;

  /** @param take told of so many backends more; throws where that is too many */
  constructor(
    view: ListenerView | undefined,
    backends: Map<string, RuntimeBackend>,
    inFile: ReadonlySet<string>,
    take: (more: number) => void,
  ) {
    this.#view = view;
    this.#backends = backends;
    this.#inFile = inFile;
    this.#take = take;
    this.#idAt = idsByEndpoint(backends.values());
  }

  get isChanged(): boolean {
    return this.#changed;
  }

  get backends(): ReadonlyMap<string, RuntimeBackend> {
    return this.#backends;
  }

  /** @throws EditRefused */
  put(definition: Definition, condition: Condition, stamp: Stamp): PutResult {
    const { id } = definition;
    const before = this.#backends.get(id);
    checkCondition(condition, before && backendTag(before));
    const problem = this.#twinProblem(definition, this.#idAt);
    if (problem !== undefined) throw new EditRefused(problem.code, sentence(`The backend ${problem.message}`));
    if (before !== undefined && sameDefinition(before, definition)) return { before, after: before };
    if (before === undefined) this.#take(1);
    else this.#idAt.delete(endpointOf(before));
    const after = { ...definition, ...stamp };
    this.#backends.set(id, after);
    this.#idAt.set(endpointOf(after), id);
    this.#changed = true;
    return { before, after };
  }

  /** @throws EditRefused */
  delete(id: string, listener: string, condition: Condition): RuntimeBackend {
    const before = this.#backends.get(id);
    if (before === undefined) {
      if (this.#isIdInFile(id)) throw new EditRefused('backend_in_file', sentence(`The backend ${inFile(id)}`));
      throw new EditRefused('backend_not_found', `Listener ${JSON.stringify(listener)} has no runtime backend ${JSON.stringify(id)}.`);
    }
    checkCondition(condition, backendTag(before));
    this.#take(-1);
    this.#backends.delete(id);
    this.#idAt.delete(endpointOf(before));
    this.#changed = true;
    return before;
  }

  /** Makes these, and no others, the listener's. @throws EditRefused with every problem */
  replace(definitions: readonly Definition[], condition: Condition, allowEmpty: boolean, stamp: Stamp): ReplaceResult {
    const tagBefore = setTag(this.#backends);
    checkCondition(condition, tagBefore);
    this.#checkAll(definitions);
    this.#checkEmptied(definitions, allowEmpty);
    this.#take(definitions.length - this.#backends.size);
    const next = new Map(
      definitions.map((definition) => {
        const before = this.#backends.get(definition.id);
        return [definition.id, before !== undefined && sameDefinition(before, definition) ? before : { ...definition, ...stamp }];
      }),
    );
    const added = [...next.keys()].filter((id) => !this.#backends.has(id));
    const changed = [...next].filter(([id, backend]) => this.#backends.has(id) && this.#backends.get(id) !== backend).map(([id]) => id);
    const removed = [...this.#backends.keys()].filter((id) => !next.has(id));
    if (added.length + changed.length + removed.length > 0) {
      this.#backends = next;
      this.#idAt = idsByEndpoint(next.values());
      this.#changed = true;
    }
    return { added, changed, removed, total: next.size, tagBefore, tag: setTag(this.#backends) };
  }

  #checkAll(definitions: readonly Definition[]): void {
    const ids = new Set<string>();
    const idAt = new Map<string, string>();
    const problems = definitions.flatMap((definition, index) => {
      const { id } = definition;
      const problem = ids.has(id)
        ? { code: 'duplicate_backend' as const, message: `duplicate backend ${JSON.stringify(id)} in the list` }
        : this.#twinProblem(definition, idAt);
      ids.add(id);
      if (problem === undefined) idAt.set(endpointOf(definition), id);
      return problem === undefined ? [] : [{ index, ...problem }];
    });
    if (problems.length > 0) throw listRefused(problems);
  }

  /** A list that came out empty by mistake must not take all traffic away. */
  #checkEmptied(definitions: readonly Definition[], allowEmpty: boolean): void {
    const inFileCount = this.#view?.backends.fromFile ?? 0;
    if (allowEmpty || definitions.length > 0 || this.#backends.size === 0 || inFileCount > 0) return;
    const message = `The list is empty, and the listener would lose its last ${this.#backends.size} backends; add ?allow_empty=true if that is meant.`;
    throw new EditRefused('would_empty_listener', message);
  }

  /** Another backend has this id or this address and port. */
  #twinProblem(definition: Definition, idAt: ReadonlyMap<string, string>): ChangeProblem | undefined {
    const endpoint = endpointOf(definition);
    if (this.#isIdInFile(definition.id)) return { code: 'backend_in_file', message: inFile(definition.id) };
    if (this.#inFile.has(endpoint)) return { code: 'backend_in_file', message: inFile(endpoint) };
    const twin = idAt.get(endpoint);
    if (twin === undefined || twin === definition.id) return undefined;
    return { code: 'duplicate_backend', message: `${JSON.stringify(definition.id)} has the address and port of ${JSON.stringify(twin)}` };
  }

  #isIdInFile(id: string): boolean {
    const columns = this.#view?.backends;
    const place = columns?.find(id) ?? -1;
    return columns !== undefined && place !== -1 && !columns.isRuntime(place);
  }
}

/** @param problems at least one */
export function listRefused(problems: EditRefused['problems']): EditRefused {
  const order: readonly ErrorCode[] = ['bad_request', 'network_not_allowed', 'backend_in_file', 'duplicate_backend'];
  const worst = order.find((code) => problems.some((problem) => problem.code === code)) ?? 'bad_request';
  const [first] = problems;
  const count = problems.length === 1 ? 'One of the backends cannot be taken' : `${problems.length} of the backends cannot be taken`;
  return new EditRefused(worst, `${count}, so nothing was changed. backends[${first!.index}]: ${sentence(first!.message)}`, problems);
}

function inFile(what: string): string {
  return `${JSON.stringify(what)} is one of the configuration file; change it there and reload`;
}

export function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function endpointOf({ address, port }: Pick<Definition, 'address' | 'port'>): string {
  return formatEndpoint(address, port);
}

function idsByEndpoint(backends: Iterable<RuntimeBackend>): Map<string, string> {
  return new Map([...backends].map((backend) => [endpointOf(backend), backend.id]));
}

function sameDefinition(a: Definition, b: Definition): boolean {
  return a.address === b.address && a.port === b.port && a.weight === b.weight;
}

/** Does what the front asks the engine for, on the table of a world: for tests of the API without an engine. */
import { BackendColumns } from '#vitald/config/backend-columns.js';
import { noOrigin } from '#vitald/config/pack.js';
import { EnginePort } from '#vitald/front/control/engine-port.js';
import type { FrontState } from '#vitald/front/view/state.js';
import type { Change, Command, CommandResult, MembersCommand, Override, PlanMessage } from '#vitald/messages.js';
import type { StatusTable } from '#vitald/status/table.js';

/** Where it writes. */
export interface EngineWorld {
  revision: number;
  readonly table: StatusTable;
}

export class SimulatedEngine {
  readonly port: EnginePort;
  /** All that was asked for. */
  readonly commands: Command[] = [];
  /** Holds every answer until it is resolved. */
  pause: Promise<unknown> = Promise.resolve();
  /** What is done before a command is looked at: a reload that comes between, for example. */
  before: (command: Command) => void = () => undefined;
  /** Whether a probe that is asked for ends. */
  answersProbes = true;
  stopping = false;
  #nextSlot = 32;
  readonly #world: EngineWorld;
  readonly #state: () => FrontState;
  #plan: PlanMessage;
  /** Hears of a plan as the front does. */
  onPlan: (message: PlanMessage) => void = (message) => this.#state().applyPlan(message);

  constructor(world: EngineWorld, state: () => FrontState, plan: PlanMessage) {
    this.#world = world;
    this.#state = state;
    this.#plan = plan;
    this.port = new EnginePort(
      ({ id, command }) => void this.#answer(command).then((result) => this.port.handle({ type: 'done', id, result })),
      (revision) => state().appliedUpTo(revision),
    );
  }

  /** What is in force. */
  get plan(): PlanMessage {
    return this.#plan;
  }

  /** Puts another plan in force, as a reload does. */
  reload(message: PlanMessage): void {
    this.#plan = { ...message, number: this.#plan.number + 1 };
    this.onPlan(this.#plan);
  }

  async #answer(command: Command): Promise<CommandResult> {
    this.commands.push(structuredClone(command));
    await this.pause;
    this.before(command);
    if (this.stopping) return { done: false, why: 'stopping' };
    switch (command.kind) {
      case 'override':
        this.#state().applyChanges(command.overrides.flatMap((override) => this.#override(override)));
        return this.#done();
      case 'probe':
        return this.#probe(command.listener, command.backend);
      case 'members':
        return this.#members(command);
      default:
        return command satisfies never;
    }
  }

  #done(): CommandResult {
    return { done: true, revision: this.#world.revision };
  }

  #override({ listener, backend, admin, weight }: Override): Change[] {
    const view = this.#state().model.backend(listener, backend);
    if (view === undefined) return [];
    const slot = view.listener.slots[view.place]!;
    const { table } = this.#world;
    table.recordWeight(slot, weight ?? view.listener.backends.weight(view.place));
    if (admin !== 'none') table.recordRouting(slot, admin === 'forced_healthy', admin);
    else table.recordRouting(slot, weight !== 0, weight === 0 ? 'weight_zero' : 'healthy');
    return [this.#change(slot, listener, backend, 'routing')];
  }

  #change(slot: number, listener: string, backend: string, what: Change['what']): Change {
    const revision = ++this.#world.revision;
    this.#world.table.recordRevision(slot, revision);
    return {
      revision,
      slot,
      listener,
      backend,
      what,
      at: Date.now(),
      from: 'initial',
      to: 'initial',
      routable: false,
      because: 'initial',
      stale: false,
    };
  }

  #probe(listener: string, backend: string): CommandResult {
    const view = this.#state().model.backend(listener, backend);
    if (view === undefined) return { done: false, why: 'not_found' };
    const slot = view.listener.slots[view.place]!;
    if (this.answersProbes) setTimeout(() => this.#world.table.recordProbe(slot, Date.now(), 'ok', 1, 'HTTP 200', 'pass', 1), 5);
    return this.#done();
  }

  #members({ basis, runtime, listeners }: MembersCommand): CommandResult {
    if (basis !== this.#plan.number) return { done: false, why: 'stale' };
    const changed = new Map(listeners.map((listener) => [listener.name, listener]));
    const changes: Change[] = [];
    const rows = this.#plan.rows.map((row) => {
      const members = changed.get(row.name);
      if (members === undefined) return row;
      const before = new BackendColumns(this.#plan.plan.listeners.find(({ name }) => name === row.name)!.backends);
      const after = new BackendColumns(members.backends);
      const slots = members.origins.map((origin) => (origin === noOrigin ? this.#nextSlot++ : row.slots[origin]!));
      const kept = new Set(members.origins);
      row.slots.forEach((slot, place) => {
        if (!kept.has(place)) changes.push(this.#change(slot, row.name, before.id(place), 'removed'));
      });
      members.origins.forEach((origin, place) => {
        if (origin !== noOrigin) return;
        this.#world.table.reset(slots[place]!, 'initial', Date.now());
        changes.push(this.#change(slots[place]!, row.name, after.id(place), 'added'));
      });
      slots.forEach((slot, place) => this.#world.table.recordWeight(slot, after.weight(place)));
      return { ...row, slots, targets: slots };
    });
    const plan = {
      ...this.#plan.plan,
      listeners: this.#plan.plan.listeners.map((listener) => ({
        ...listener,
        ...(changed.has(listener.name) && { backends: changed.get(listener.name)!.backends }),
      })),
    };
    const number = this.#plan.number + 1;
    this.#plan = { ...this.#plan, plan, rows, runtime, number, changes, cause: 'runtime_backends', revision: this.#world.revision };
    this.onPlan(this.#plan);
    return this.#done();
  }
}

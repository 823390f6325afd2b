/** A small world for tests of the front: an engine's table and counters, written by hand, and the messages it would post. */
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { packPlan } from '#vitald/config/pack.js';
import type { AccessPlan, CheckPlan, ListenerPlan, Plan } from '#vitald/config/plan.js';
import { Access } from '#vitald/front/access/access.js';
import { Holds } from '#vitald/front/access/holds.js';
import { createApp } from '#vitald/front/api/app.js';
import { completeBody } from '#vitald/front/api/status-body.js';
import { Audit } from '#vitald/front/control/audit.js';
import { Control, type ControlOptions } from '#vitald/front/control/control.js';
import { Diagnoses, type DiagnosesOptions } from '#vitald/front/diagnoses.js';
import { createHttpServer } from '#vitald/front/listen/http-server.js';
import { Outputs } from '#vitald/front/outputs/outputs.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { Metrics } from '#vitald/front/metrics/registry.js';
import { FrontState } from '#vitald/front/view/state.js';
import { noSaves, type StateSaves } from '#vitald/front/view/state-saves.js';
import type { Reason } from '#vitald/health/reasons.js';
import { outcomeOf } from '#vitald/health/reasons.js';
import type { State } from '#vitald/health/state.js';
import { ControlFile } from '#vitald/persistence/control-state.js';
import { Counters } from '#vitald/status/counters.js';
import type { Change, Override, PlanMessage, ReloadMessage } from '#vitald/messages.js';
import { StatusTable } from '#vitald/status/table.js';
import { openAccess } from './plans.js';
import { SimulatedEngine } from './simulated-engine.js';

/** All times in tests begin here. */
export const epoch = Date.parse('2026-01-01T00:00:00.000Z');

export interface ListenerSketch {
  readonly backends: readonly string[];
  readonly check?: Partial<CheckPlan>;
  readonly plan?: Partial<ListenerPlan>;
  readonly weight?: number;
}

export type Sketch = Readonly<Record<string, ListenerSketch>>;

export const check: CheckPlan = {
  enabled: true,
  type: 'http',
  intervalMs: 6000,
  timeoutMs: 5000,
  healthyThreshold: 3,
  unhealthyThreshold: 3,
  initialPasses: 3,
  pace: 'after_completion',
  port: undefined,
  source: undefined,
  interface: undefined,
  options: { method: 'HEAD', path: '/', headers: { 'X-Probe': 'vitald', Authorization: 'Bearer hidden' } },
};

const defaultWeight = 10;

interface Row {
  readonly slot: number;
  state: State;
  routable: boolean;
}

const rowKey = (listener: string, backend: string): string => JSON.stringify([listener, backend]);

export class FrontWorld {
  readonly table: StatusTable;
  readonly counters = Counters.allocate(64);
  readonly #rows = new Map<string, Row>();
  readonly #addresses = new Map<string, string>();
  readonly #free: number[] = [];
  #nextSlot = 0;
  #sketch: Sketch;
  #now = epoch;
  revision = 1;
  /** What plans say from now on of who may ask; the rest is as {@link openAccess}. */
  access: Partial<AccessPlan> = {};

  constructor(sketch: Sketch, capacity = 64) {
    this.#sketch = sketch;
    this.table = new StatusTable(capacity);
    for (const [name, { backends, check }] of Object.entries(sketch)) {
      for (const id of backends) this.#add(name, id, check?.enabled === false ? 'disabled' : 'initial');
    }
    this.revision = 100;
  }

  /** The wall-clock moves by a second with everything that is written. */
  #tick(): number {
    return (this.#now += 1000);
  }

  #add(listener: string, backend: string, state: State): Change {
    const slot = this.#free.shift() ?? this.#nextSlot++;
    const routable = state === 'disabled';
    this.#rows.set(rowKey(listener, backend), { slot, state, routable });
    this.table.reset(slot, state, this.#now);
    this.table.recordWeight(slot, this.#sketch[listener]?.weight ?? defaultWeight);
    this.table.recordRouting(slot, routable, routable ? 'check_disabled' : 'initial');
    return this.#change(listener, backend, 'added', state);
  }

  #change(listener: string, backend: string, what: Change['what'], from: State, more: Partial<Change> = {}): Change {
    const { slot, state, routable } = this.row(listener, backend);
    const revision = ++this.revision;
    this.table.recordRevision(slot, revision);
    const because = state === 'disabled' ? 'check_disabled' : state;
    return { revision, slot, listener, backend, what, at: this.#now, from, to: state, routable, because, stale: false, ...more };
  }

  row(listener: string, backend: string): Row {
    const row = this.#rows.get(rowKey(listener, backend));
    if (!row) throw new Error(`no ${listener}/${backend} in this world`);
    return row;
  }

  /** Writes a probe's end, without any change of state. */
  probe(listener: string, backend: string, reason: Reason, rttMs = NaN, detail = '', runLength = 1): void {
    const { slot } = this.row(listener, backend);
    this.table.recordProbe(slot, this.#tick(), reason, rttMs, detail, outcomeOf(reason) === 'pass' ? 'pass' : 'fail', runLength);
    this.counters.countProbe(Object.keys(this.#sketch).indexOf(listener), reason, rttMs);
  }

  /** A probe that changes the state; the change is to be posted. */
  turn(listener: string, backend: string, to: 'healthy' | 'unhealthy', reason: Reason, detail = ''): Change {
    const row = this.row(listener, backend);
    const from = row.state;
    row.state = to;
    row.routable = to === 'healthy';
    this.probe(listener, backend, reason, to === 'healthy' ? 1.2 : NaN, detail, 3);
    this.table.recordState(row.slot, to, this.#now);
    this.table.recordRouting(row.slot, row.routable, to);
    return this.#change(listener, backend, 'state', from, { reason, detail, runLength: 3 });
  }

  /** Another weight, as an operator sets it. */
  weigh(listener: string, backend: string, weight: number): Change {
    const { slot, state } = this.row(listener, backend);
    this.#tick();
    this.table.recordWeight(slot, weight);
    return this.#change(listener, backend, 'weight', state);
  }

  /** Another configuration: rows of backends that stay are kept, slots of those that go are used again at once. */
  reconfigure(sketch: Sketch, more: Partial<PlanMessage> = {}): PlanMessage {
    const changes: Change[] = [];
    const wanted = new Set(Object.entries(sketch).flatMap(([name, { backends }]) => backends.map((id) => rowKey(name, id))));
    for (const key of [...this.#rows.keys()].filter((key) => !wanted.has(key))) {
      const [listener, backend] = JSON.parse(key) as [string, string];
      const { slot, state } = this.row(listener, backend);
      changes.push(this.#change(listener, backend, 'removed', state));
      this.#rows.delete(key);
      this.#free.push(slot);
    }
    for (const [name, { backends }] of Object.entries(sketch)) {
      for (const id of backends) if (!this.#rows.has(rowKey(name, id))) changes.push(this.#add(name, id, 'initial'));
    }
    this.#sketch = sketch;
    return this.planMessage({ changes, ...more });
  }

  /** Forgets a backend and makes it anew, as when its address changes under the same name. */
  replace(listener: string, backend: string): PlanMessage {
    const { slot, state } = this.row(listener, backend);
    const removed = this.#change(listener, backend, 'removed', state);
    this.#rows.delete(rowKey(listener, backend));
    this.#free.push(slot);
    return this.planMessage({ changes: [removed, this.#add(listener, backend, 'initial')] });
  }

  /** A backend keeps its address, whatever comes and goes around it. */
  #address(listener: string, backend: string): string {
    const key = rowKey(listener, backend);
    const address = this.#addresses.get(key) ?? `10.0.${this.#addresses.size >> 8}.${(this.#addresses.size + 1) & 255}`;
    this.#addresses.set(key, address);
    return address;
  }

  plan(): Plan {
    return {
      checker: 'lb-1',
      server: { host: '127.0.0.1', port: 0, stateDir: undefined, allowedNetworks: [], access: { ...openAccess, ...this.access } },
      outputs: [],
      listeners: Object.entries(this.#sketch).map(([name, sketch]) => ({
        name,
        protocol: 'http',
        port: 80,
        profile: 'native',
        check: { ...check, ...sketch.check },
        allUnhealthy: 'none',
        initial: 'exclude',
        ...sketch.plan,
        backends: sketch.backends.map((id) => ({
          id,
          address: this.#address(name, id),
          family: 4,
          port: 80,
          checkPort: 80,
          weight: sketch.weight ?? defaultWeight,
        })),
      })),
    };
  }

  planMessage(more: Partial<PlanMessage> = {}): PlanMessage {
    const plan = this.plan();
    return {
      type: 'plan',
      plan: packPlan(plan),
      number: 1,
      cause: 'reload',
      runtime: [],
      rows: plan.listeners.map(({ name, backends, check: { enabled } }, counterRow) => ({
        name,
        counterRow,
        checkMethod: enabled ? { method: 'request' } : { method: 'none' },
        slots: Int32Array.from(backends, ({ id }) => this.row(name, id).slot),
        targets: Int32Array.from(backends, ({ id }) => this.row(name, id).slot),
      })),
      table: this.table.memory,
      counters: this.counters.memory,
      revision: this.revision,
      changes: [],
      settlesAt: [],
      ...more,
    };
  }
}

export const reloaded: ReloadMessage = { type: 'reload', ok: true, at: epoch };

/** A program that stands in for the diagnosis: see there. */
const simulatedDiagnosis = new URL('./simulated-diagnosis.js', import.meta.url);

/** What the control of an API begins with. */
export interface ControlSetup extends Partial<Pick<ControlOptions, 'file'>> {
  /** Where the audit log is kept. */
  readonly stateDir?: string;
  readonly plan?: PlanMessage;
  /** Of the revisions; by default one of its own, as each process has. */
  readonly epoch?: string;
  readonly overrides?: readonly Override[];
  /** How it goes with the state folder. */
  readonly saves?: StateSaves;
}

/** The API on a world, and its log as lines. */
export async function appOf(
  world: FrontWorld,
  diagnosesOptions: Omit<DiagnosesOptions, 'log'> = {},
  {
    plan = world.planMessage(),
    epoch: ofRevisions,
    overrides = [],
    file = new ControlFile(undefined),
    stateDir,
    saves = noSaves(),
  }: ControlSetup = {},
) {
  const lines: Record<string, unknown>[] = [];
  const out = new PassThrough();
  out.on('data', (line: Buffer) => lines.push(JSON.parse(line.toString()) as Record<string, unknown>));
  const log = pino({ level: 'debug' }, out);
  const state = new FrontState(plan, reloaded, epoch, { ...(ofRevisions !== undefined && { epoch: ofRevisions }), overrides, saves });
  const diagnoses = new Diagnoses({ entry: simulatedDiagnosis, ...diagnosesOptions, log });
  const outputs = new Outputs({ kinds: outputKinds, state, writeStatus: completeBody, log, version: '1.2.3' });
  const metrics = new Metrics(state, { version: '1.2.3', nodeVersion: 'v24.0.0' }, outputs);
  const engine = new SimulatedEngine(world, () => state, plan);
  const control = new Control({ state, engine: engine.port, file, audit: new Audit({ stateDir, log }), log });
  engine.onPlan = (message) => {
    control.planChanged(message, state.runtime);
    state.applyPlan(message);
  };
  const access = new Access(state);
  const holds = new Holds(() => state.model.plan.server.access.holds);
  const app = await createApp({ state, metrics, diagnoses, outputs, control, access, holds, version: '1.2.3', log }, createHttpServer);
  return { app, access, holds, diagnoses, state, metrics, outputs, lines, engine, control, get: (url: string) => app.inject({ url }) };
}

/** Three backends in three states, and an idle listener. */
export function smallWorld(capacity?: number): FrontWorld {
  const sketch = { web: { backends: ['app-1', 'app-2', 'app-3'] }, dns: { backends: ['[::1]:53'], check: { enabled: false } } };
  const world = new FrontWorld(sketch, capacity);
  world.turn('web', 'app-1', 'healthy', 'ok', 'HTTP 200');
  world.turn('web', 'app-2', 'unhealthy', 'status_mismatch', 'HTTP 503, expected http_2xx');
  return world;
}

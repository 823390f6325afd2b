/** One output on a world of the front (front-world.ts), with what it wrote into the log. */
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import type { Output, OutputKind } from '#vitald/front/outputs/output.js';
import { FrontState } from '#vitald/front/view/state.js';
import type { Change, PlanMessage } from '#vitald/messages.js';
import { epoch, reloaded, type FrontWorld } from './front-world.js';

export interface OutputWorld {
  readonly output: Output;
  readonly state: FrontState;
  readonly view: BackendsView;
  readonly log: Record<string, unknown>[];
  /** As the front does when the engine has posted them. */
  readonly post: (...changes: readonly Change[]) => void;
  readonly reconfigure: (plan: PlanMessage) => void;
}

/** Makes and starts an output; it is closed with the test. Options that are not given have their defaults. */
export function runOutput(
  t: { teardown(fn: () => unknown): void },
  world: FrontWorld,
  kind: OutputKind,
  options: Readonly<Record<string, unknown>>,
): OutputWorld {
  const log: Record<string, unknown>[] = [];
  const out = new PassThrough();
  out.on('data', (line: Buffer) => log.push(JSON.parse(line.toString()) as Record<string, unknown>));
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const view = new BackendsView(state, completeBody);
  const defaults = Object.entries(kind.optionsSchema).flatMap(([key, schema]) => ('default' in schema ? [[key, schema.default]] : []));
  const output = kind.create({
    name: 'test',
    options: { ...(Object.fromEntries(defaults) as object), ...options },
    view,
    log: pino({ level: 'debug' }, out),
    version: '1.2.3',
  });
  output.start();
  t.teardown(() => output.close());
  return {
    output,
    state,
    view,
    log,
    post: (...changes) => {
      state.applyChanges(changes);
      output.changed(changes);
    },
    reconfigure: (plan) => {
      state.applyPlan(plan);
      output.changed(plan.changes);
    },
  };
}

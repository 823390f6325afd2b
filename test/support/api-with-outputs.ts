/** The API with outputs that run, on a world that is written by hand. */
import type { Test } from 'tap';
import type { OutputPlan } from '#vitald/config/plan.js';
import type { Change, PlanMessage } from '#vitald/messages.js';
import { appOf, type FrontWorld } from './front-world.js';

/** Starts the outputs, and waits until they have begun. */
export async function outputsOf(t: Test, world: FrontWorld, plans: readonly Partial<OutputPlan>[]) {
  const api = await appOf(world);
  t.teardown(() => {
    api.state.waiters.close();
    return Promise.all([api.app.close(), api.outputs.close()]);
  });
  const apply = async (wanted: readonly Partial<OutputPlan>[]): Promise<void> => {
    api.outputs.apply(wanted.map(({ type = '', name = type, options = {} }) => ({ type, name, options })));
    await new Promise((resolve) => setImmediate(resolve));
  };
  await apply(plans);
  return {
    ...api,
    apply,
    /** As front.ts does it. */
    changes: (...changes: Change[]): void => {
      api.state.applyChanges(changes);
      api.outputs.changed(changes);
    },
    plan: (message: PlanMessage): void => {
      api.state.applyPlan(message);
      api.outputs.changed(message.changes);
    },
  };
}

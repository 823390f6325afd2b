import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CodedError } from '#vitald/errors.js';
import { StateSaves } from '#vitald/front/view/state-saves.js';
import { FrontState } from '#vitald/front/view/state.js';
import { VerdictKeeper } from '#vitald/front/saving/verdict-keeper.js';
import { loadSnapshot, type SavedVerdict } from '#vitald/persistence/snapshot.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { appOf, epoch, FrontWorld, reloaded, smallWorld } from '../../support/front-world.js';

/** A keeper of a world, its folder, and what it would have the log say. */
function keeping(t: Test, world: FrontWorld, minIntervalMs = 1) {
  const dir = join(temporaryFolder(t), 'state');
  mkdirSync(dir);
  const told: string[] = [];
  const saves = new StateSaves({ kept: true, damaged: [], tell: (level, sentence) => told.push(`${level}: ${sentence}`) });
  const state = new FrontState(world.planMessage(), reloaded, epoch, { saves });
  const keeper = new VerdictKeeper({ dir, state, saves, minIntervalMs });
  t.teardown(() => keeper.close());
  // Shortly after all that is written in the world.
  const onDisk = async (): Promise<readonly SavedVerdict[]> => (await loadSnapshot(dir, epoch + 60_000)).value?.verdicts ?? [];
  const savedState = async (backend: string): Promise<string | undefined> => (await onDisk()).find((one) => one.backend === backend)?.state;
  return { dir, told, saves, state, keeper, onDisk, savedState };
}

const failure = new CodedError('state_not_saved', 'the disk is full');

t.test('verdicts are on disk soon after the start: with what they were about, their run, and their transitions', async (t) => {
  const world = smallWorld();
  const { keeper, onDisk, dir, state } = keeping(t, world);
  keeper.start();
  await eventually('a save', async () => (await onDisk()).length > 0);
  const since = epoch + 2000;
  t.match(await onDisk(), [
    { listener: 'web', backend: 'app-1', state: 'healthy', target: 'http 10.0.0.1 80', run: { outcome: 'pass', length: 3 } },
    {
      listener: 'web',
      backend: 'app-2',
      state: 'unhealthy',
      since,
      probedAt: since,
      run: { outcome: 'fail', length: 3 },
      transitions: { toHealthy: 0, toUnhealthy: 1 },
    },
  ]);
  t.equal((await onDisk()).length, 2, 'what has no verdict, or is not checked, is not there');
  const { value } = await loadSnapshot(dir, epoch);
  t.ok(value!.revision > state.changes.revision, 'revisions that are given out until the next save are not given out again');
});

t.test('a change is saved when it comes; a backend that has gone is left out', async (t) => {
  const world = smallWorld();
  const { keeper, state, savedState } = keeping(t, world);
  keeper.start();
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  keeper.changed();
  await eventually('the new state', async () => (await savedState('app-1')) === 'unhealthy');
  state.applyPlan(world.reconfigure({ web: { backends: ['app-2'] } }));
  keeper.changed();
  await eventually('the new plan', async () => (await savedState('app-1')) === undefined);
  t.equal(await savedState('app-2'), 'unhealthy');
});

t.test('the last state is saved at the end, however lately the one before was', async (t) => {
  const world = smallWorld();
  const { keeper, state, savedState } = keeping(t, world, 3_600_000);
  keeper.start();
  await eventually('the first save', () => savedState('app-1'));
  state.applyChanges([world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  keeper.changed();
  await keeper.close();
  t.equal(await savedState('app-1'), 'unhealthy');
});

t.test('who never began to serve saves nothing', async (t) => {
  const { keeper, onDisk } = keeping(t, smallWorld());
  keeper.changed();
  await keeper.close();
  t.same(await onDisk(), []);
});

t.test('a folder that is gone is told once, counted, and told when it is well again', async (t) => {
  const world = smallWorld();
  const { dir, told, saves, keeper, savedState } = keeping(t, world);
  keeper.start();
  await eventually('the first save', () => savedState('app-1'));
  rmSync(dir, { recursive: true });
  const failures = (): number => saves.records.find(({ file }) => file === 'verdicts')!.failures;
  await eventually('two failures', () => {
    keeper.changed();
    return failures() >= 2;
  });
  t.match(told, [/^error: the state cannot be saved in .*verdicts\.json: the folder is gone; make it again \(ENOENT\)/]);
  mkdirSync(dir);
  await eventually('a save', () => savedState('app-1'));
  await eventually('the news', () => told.length > 1);
  t.match(told[1], /^info: the state is saved again/);
  t.equal(told.length, 2);
});

t.test('saves are seen in the metrics and on the page', async (t) => {
  const saves = new StateSaves({ kept: true, damaged: ['<x> is damaged'], tell: () => undefined });
  const { get, state } = await appOf(smallWorld(), {}, { saves });
  saves.ended('verdicts', failure);
  saves.ended('verdicts', failure);
  const text = (await get('/metrics')).body;
  t.match(text, /^vitald_state_save_failures_total\{file="verdicts"\} 2$/m);
  t.match(text, /^vitald_state_save_failures_total\{file="control"\} 0$/m);
  t.match(text, /^vitald_state_last_saved_timestamp_seconds\{file="verdicts"\} 0$/m);
  t.match(text, /^vitald_state_files_damaged 1$/m);
  const page = (await get('/')).body;
  t.match(page, /Saved state.*&#60;x&#62; is damaged.*the disk is full/s);

  saves.ended('verdicts', undefined);
  const timestamp = /^vitald_state_last_saved_timestamp_seconds\{file="verdicts"\} (\S+)$/m.exec((await get('/metrics')).body)?.[1];
  t.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  t.notMatch((await get('/')).body, /the disk is full/);
  t.equal(state.saves, saves);
});

t.test('where nothing is kept there are no such metrics, and nothing on the page', async (t) => {
  const { get } = await appOf(smallWorld());
  t.notMatch((await get('/metrics')).body, /^vitald_state_(last|save)\w+\{/m);
  t.notMatch((await get('/')).body, /Saved state/);
});

t.test('an API with restored verdicts is ready before its first probe', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  const { get } = await appOf(world);
  t.equal((await get('/readyz')).statusCode, 503);
  for (const backend of ['a', 'b']) {
    const { slot } = world.row('web', backend);
    world.table.reset(slot, 'healthy', epoch);
  }
  t.equal((await get('/readyz')).statusCode, 200);
});

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import { fileKind } from '#vitald/front/outputs/file/kind.js';
import type { Output, OutputState } from '#vitald/front/outputs/output.js';
import { FrontState } from '#vitald/front/view/state.js';
import { temporaryFolder, type Status } from '../../../support/daemon.js';
import { eventually } from '../../../support/eventually.js';
import { appOf, epoch, FrontWorld, reloaded, smallWorld } from '../../../support/front-world.js';

interface Running {
  readonly state: FrontState;
  readonly path: string;
  readonly output: Output;
  readonly log: string[];
  readonly status: () => Status;
  readonly stateWhen: (wanted: (state: OutputState) => boolean) => Promise<OutputState>;
}

function start(t: Test, world: FrontWorld, options: object = {}, folder = temporaryFolder(t)): Running {
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const path = join(folder, 'status.json');
  const log: string[] = [];
  const note = (fields: unknown, message?: string): void => void log.push(message ?? String(fields));
  const output = fileKind.create({
    name: 'file',
    // Shorter than the configuration permits: tests need not wait.
    options: { path, mode: '0640', min_interval: '10ms', ...options },
    view: new BackendsView(state, completeBody),
    log: { debug: note, info: note, warn: note, error: note } as never,
    version: '1.2.3',
  });
  t.teardown(() => output.close());
  output.start();
  return {
    state,
    path,
    output,
    log,
    status: () => JSON.parse(readFileSync(path, 'utf8')) as Status,
    stateWhen: (wanted) => eventually('the state of the output', () => wanted(output.state()) && output.state()),
  };
}

/** Three backends that were all probed. */
function probedWorld(): FrontWorld {
  const world = smallWorld();
  world.turn('web', 'app-3', 'healthy', 'ok');
  return world;
}

t.test('the file is what /v1/status answers', async (t) => {
  const world = probedWorld();
  const { path, state, status, stateWhen } = start(t, world);
  await stateWhen(({ state }) => state === 'ok');
  const { get } = await appOf(world, {}, { epoch: state.epoch });
  t.same(status(), (await get('/v1/status')).json());
  t.equal(statSync(path).mode & 0o777, 0o640);
});

t.test('it is replaced at a change; its state tells the revision and the size', async (t) => {
  const world = probedWorld();
  const { state, output, path, status, stateWhen } = start(t, world, { mode: '0604' });
  await stateWhen(({ state }) => state === 'ok');
  const change = world.turn('web', 'app-1', 'unhealthy', 'connect_refused');
  state.applyChanges([change]);
  output.changed([change]);
  const { details } = await stateWhen(({ revision }) => revision === change.revision);
  t.match(status(), { revision: change.revision, backends: [{ backend: 'app-1', state: 'unhealthy' }, {}, {}, {}] });
  t.same(details, { path, bytes: statSync(path).size });
  t.equal(statSync(path).mode & 0o777, 0o604);
});

t.test('until every backend was probed, what another process has left stays', async (t) => {
  const world = smallWorld();
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'status.json'), '{"left":true}');
  const { output, status, stateWhen } = start(t, world, {}, folder);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.same(status(), { left: true });
  t.equal(output.state().state, 'starting');
  world.probe('web', 'app-3', 'connect_timeout');
  await stateWhen(({ state }) => state === 'ok');
  t.match(status(), { complete: true });
});

t.test('a reader finds a whole file at every moment, with 2,000 backends that change all the time', async (t) => {
  const ids = Array.from({ length: 2000 }, (_, index) => `app-${index}`);
  const world = new FrontWorld({ web: { backends: ids } }, 2048);
  for (const id of ids) world.turn('web', id, 'healthy', 'ok');
  const { state, output, status, stateWhen } = start(t, world);
  await stateWhen(({ state }) => state === 'ok');
  const read = new Set<number>();
  for (let count = 0; read.size < 10 && count < 20_000; count++) {
    const change = world.turn('web', ids[count % ids.length]!, 'unhealthy', 'connect_refused');
    state.applyChanges([change]);
    output.changed([change]);
    const { backends, revision } = status();
    if (backends.length !== ids.length) t.fail(`${backends.length} backends`);
    read.add(revision);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(read.size, 10, 'ten revisions were read');
});

t.test('100,000 backends are written without holding up the thread', async (t) => {
  const count = 100_000;
  const ids = Array.from({ length: count }, (_, index) => `app-${index}`);
  const world = new FrontWorld({ web: { backends: ids } }, count);
  for (const id of ids) world.turn('web', id, 'healthy', 'ok', 'HTTP 200');
  const { status, stateWhen } = start(t, world);
  // In time on a processor: what else the machine has to do does not count.
  const turnsMs: number[] = [];
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    turnsMs.push((user + system) / 1000);
    last = process.cpuUsage();
  }, 1);
  const { details } = await stateWhen(({ state }) => state === 'ok');
  clearInterval(timer);
  turnsMs.sort((a, b) => a - b);
  t.comment(`${Number(details.bytes) / 1e6} MB; the thread was held up for ${turnsMs.at(-1)!.toFixed(1)} ms at most`);
  t.equal(status().backends.length, count);
  // Collecting garbage takes the longest ones.
  t.ok(turnsMs[Math.floor(turnsMs.length * 0.9)]! < 50);
});

t.test('a folder that cannot be written is reported, and the file is there as soon as it can be', async (t) => {
  const folder = join(temporaryFolder(t), 'later');
  const { output, path, log, stateWhen } = start(t, probedWorld(), {}, folder);
  const { problem } = await stateWhen(({ state }) => state === 'failing');
  t.match(problem, /status.json cannot be written \(ENOENT\): there is no such file or folder; create it/);
  t.match(log, [/the status file is not up to date: .*ENOENT/]);
  mkdirSync(folder);
  await stateWhen(({ state }) => state === 'ok');
  t.same(readdirSync(folder), ['status.json']);
  t.match(log, [/not up to date/, /up to date again/]);
  t.equal(output.state().problem, undefined);
  rmSync(path);
});

t.test('a full disk keeps the file of before', { skip: process.getuid?.() !== 0 && 'only root can mount a small disk' }, async (t) => {
  const folder = temporaryFolder(t);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]).status !== 0) return t.comment('mount is not permitted here');
  t.teardown(() => spawnSync('umount', [folder]));
  chmodSync(folder, 0o700);
  writeFileSync(join(folder, 'status.json'), '{"left":true}');
  const ids = Array.from({ length: 1000 }, (_, index) => `app-${index}`);
  const world = new FrontWorld({ web: { backends: ids } }, 1024);
  for (const id of ids) world.turn('web', id, 'healthy', 'ok');
  const { status, stateWhen } = start(t, world, {}, folder);
  const { problem } = await stateWhen(({ state }) => state === 'failing');
  t.match(problem, /\(ENOSPC\): the disk is full; free some space/);
  t.same(status(), { left: true });
  t.same(readdirSync(folder), ['status.json']);
});

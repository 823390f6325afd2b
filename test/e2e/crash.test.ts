import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadControl } from '#vitald/persistence/control-state.js';
import { survived } from '../support/checker-faults.js';
import { RunningDaemon, temporaryFolder, type Status } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { fuzzSeed } from '../support/fuzz/seed.js';
import { generator } from '../support/random.js';
import { override, stateFolder, worldWithState } from '../support/saved-state.js';
import { quick, server, settled } from '../support/two-backends.js';

const random = generator(fuzzSeed(20_261_121));
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Revision on disk that tells of at least this one: the file is ahead by what may be given out until the next save. */
function saved(stateDir: string, revision: number): Promise<unknown> {
  return eventually('the verdicts on disk', () => {
    const file = join(stateDir, 'verdicts.json');
    return existsSync(file) && Number(/"revision":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) >= revision + 1_000_000;
  });
}

const short = ({ backends }: Status): object[] =>
  backends.map(({ backend, state, since, routable }) => ({ backend, state, since, routable }));

t.test('SIGKILL: the next start knows the verdicts, is ready at once, and says nothing of a crash that cost nothing', async (t) => {
  const { folder, stateDir, config } = await worldWithState(t, { interval: '1s' });
  const first = await RunningDaemon.start(t, folder, { config });
  const before = await settled(first, 'web');
  await saved(stateDir, before.revision);
  await first.stop('SIGKILL');

  const second = await RunningDaemon.start(t, folder, { config });
  t.match(await second.text('/readyz'), /"ready"/);
  const now = await second.status();
  t.same(short(now), short(before));
  t.ok(now.revision >= before.revision);
  t.notOk(second.log.some(({ level, to }) => level === 'error' || to !== undefined));
});

const isInitial = (backends: Status['backends']): boolean => backends.some(({ state }) => state === 'initial');

/** A backend that is well, then ill, then well … */
async function flapping(t: Test): Promise<number> {
  let isWell = true;
  const flips = setInterval(() => (isWell = !isWell), 450);
  const backend = createServer((_request, response) => response.writeHead(isWell ? 200 : 503).end()).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  t.teardown(() => {
    clearInterval(flips);
    backend.close();
    backend.closeAllConnections();
  });
  return (backend.address() as AddressInfo).port;
}

t.test('a daemon that is killed at any moment, with backends that flap: no backend forgets its verdict, no override is lost', async (t) => {
  const port = await flapping(t);
  const folder = temporaryFolder(t);
  const stateDir = await stateFolder(folder, { overrides: [override('app', 'maintenance')], runtime: [] });
  const listeners = ['web', 'more'].map((name) => ({
    name,
    protocol: 'http',
    check: { ...quick, healthy_threshold: 1, unhealthy_threshold: 1 },
    backends: [{ name: 'app', address: '127.0.0.1', port }],
  }));
  const config = { server: { ...server, state_dir: stateDir }, listeners };
  let revision = 0;
  const rounds = 4;
  for (let round = 0; round < rounds; round++) {
    const daemon = await RunningDaemon.start(t, folder, { config });
    const first = await daemon.status();
    t.ok(first.revision >= revision, 'revisions only grow');
    t.match(first.backends, [{ routable_because: 'maintenance' }, {}]);
    if (round > 0) t.notOk(isInitial(first.backends), `round ${round}`);
    else await saved(stateDir, (await daemon.statusWhen((all) => !isInitial(all))).revision);
    await after(random() * 1000);
    revision = (await daemon.status()).revision;
    t.notOk(daemon.log.some(({ level }) => level === 'error'));
    await daemon.stop('SIGKILL');
  }
  t.match(await loadControl(stateDir), { state: { overrides: [{ backend: 'app', admin: 'maintenance' }] }, problem: undefined });
  survived(t, 'killed-while-flapping', rounds);
});

/** The daemon killed at any moment, again and again, while it writes: what others read is whole, and its lock is free. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { RunningDaemon, temporaryFolder, type Status } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { fuzzRuns, fuzzSeed } from '../support/fuzz/seed.js';
import { generator } from '../support/random.js';
import { server } from '../support/two-backends.js';

const seed = fuzzSeed();
const random = generator(seed);
const rounds = fuzzRuns(3);
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const backends = 60;

t.test('a daemon killed at any moment leaves the files of its outputs whole, and its state folder free', async (t) => {
  let isWell = true;
  const flips = setInterval(() => (isWell = !isWell), 150);
  const app = createServer((_request, response) => response.writeHead(isWell ? 200 : 503).end()).listen(0, '0.0.0.0');
  await once(app, 'listening');
  t.teardown(() => {
    clearInterval(flips);
    app.close();
    app.closeAllConnections();
  });
  const { port } = app.address() as AddressInfo;
  const folder = temporaryFolder(t);
  const path = join(folder, 'status.json');
  const config = {
    server: { ...server, state_dir: join(folder, 'state') },
    outputs: { file: [{ path, min_interval: '100ms' }] },
    listeners: [
      {
        name: 'web',
        protocol: 'http',
        check: { interval: '300ms', timeout: '250ms', healthy_threshold: 1, unhealthy_threshold: 1 },
        backends: Array.from({ length: backends }, (_, i) => ({ name: `app-${i}`, address: `127.1.0.${i + 1}`, port })),
      },
    ],
  };
  let revision = 0;
  for (let round = 0; round < rounds; round++) {
    const daemon = await RunningDaemon.start(t, folder, { config });
    const written = (): Status | undefined => {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as Status;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    };
    await eventually('a file of this process', () => (written()?.revision ?? 0) > revision);
    await after(random() * 400);
    await daemon.stop('SIGKILL');
    const status = written();
    if (status?.backends.length !== backends) t.fail(`round ${round}, seed ${seed}: ${status?.backends.length} backends in the file`);
    revision = status?.revision ?? revision;
    if (daemon.log.some(({ level }) => level === 'error')) t.fail(`round ${round}, seed ${seed}: an error in the log`);
  }
  const last = await RunningDaemon.start(t, folder, { config });
  await eventually('a file of the last process', async () => {
    const { revision: now } = JSON.parse(readFileSync(path, 'utf8')) as Status;
    return now > revision;
  });
  t.match(await last.stop(), { exitCode: 0, err: '' });
  const left = [...readdirSync(folder), ...readdirSync(join(folder, 'state'))].filter((name) => /\.new$|vitald-new/.test(name));
  t.same(left, [], 'nothing half written is left');
});

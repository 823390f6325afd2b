/** A real daemon on a machine whose wall clock can be set, and whose front thread can be made to crash. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Test } from 'tap';
import { ask, backendPath, type Answer } from './asking.js';
import { RunningDaemon, temporaryFolder } from './daemon.js';
import { server } from './two-backends.js';

const preloads = ['wall-clock', 'front-crash'].map((name) => pathToFileURL(join(import.meta.dirname, `preload/${name}.js`)).href);
export const hourMs = 3_600_000;

/** A daemon with a clock of its own, and backends that nobody probes: only operators change anything. */
export async function machineWithClock(t: Test) {
  const folder = temporaryFolder(t);
  const [clock, crash] = [join(folder, 'clock'), join(folder, 'crash')];
  const setClock = (offMs: number): void => {
    // Replaced as a whole: a thread must not read half a number.
    writeFileSync(`${clock}.new`, String(offMs));
    renameSync(`${clock}.new`, clock);
  };
  setClock(0);
  const backends = ['app-1', 'app-2'].map((name, place) => ({ name, address: '127.0.0.1', port: 18_001 + place }));
  const config = {
    server: { ...server, state_dir: join(folder, 'state') },
    listeners: [{ name: 'web', check: { enabled: false }, backends }],
  };
  const env = [
    `NODE_OPTIONS=${preloads.map((url) => `--import=${url}`).join(' ')}`,
    `TEST_CLOCK_FILE=${clock}`,
    `TEST_CRASH_FILE=${crash}`,
  ];
  const start = () => RunningDaemon.start(t, folder, { config, within: (command) => ['env', ...env, ...command] });
  return { start, setClock, crashFront: () => writeFileSync(crash, '') };
}

/** Of the backend app-1. */
export const maintenance = (daemon: RunningDaemon, seconds: number): Promise<Answer> =>
  ask(daemon, 'PUT', `${backendPath('app-1')}/override`, { mode: 'maintenance', reason: 'test', expires_in_seconds: seconds });
/** Of the backend app-2. */
export const drain = (daemon: RunningDaemon, seconds: number): Promise<Answer> =>
  ask(daemon, 'PUT', `${backendPath('app-2')}/weight`, { weight: 0, reason: 'drain', expires_in_seconds: seconds });

/** A state folder as an earlier process would leave it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { RuntimeBackend } from '#vitald/config/plan.js';
import type { Admin } from '#vitald/health/routable.js';
import { ControlFile, type ControlState } from '#vitald/persistence/control-state.js';
import type { Override } from '#vitald/messages.js';
import { temporaryFolder } from './daemon.js';
import { listener, openAndClosed, server } from './two-backends.js';

/** An override as an operator would set it. @param expiresAt wall-clock ms */
export function override(backend: string, admin: Admin, expiresAt?: number): Override {
  return { listener: 'web', backend, admin, weight: undefined, adminNote: { by: 'ann', why: 'disk swap', at: 1, expiresAt } };
}

export function runtimeBackend(id: string, address: string, port: number): RuntimeBackend {
  return { id, address, port, weight: 1, version: 1, by: 'cd', at: 1 };
}

/** A folder for a daemon, and a configuration with a state folder in it. */
export async function worldWithState(t: Test, check: object = {}) {
  const both = await openAndClosed(t);
  const folder = temporaryFolder(t);
  const stateDir = join(folder, 'state');
  return { both, folder, stateDir, config: { server: { ...server, state_dir: stateDir }, listeners: [listener('web', both, check)] } };
}

/** @returns the path of the new folder */
export async function stateFolder(folder: string, state: ControlState): Promise<string> {
  const dir = join(folder, 'state');
  mkdirSync(dir);
  await new ControlFile(dir).save(() => state);
  return dir;
}

/** What the lab needs of the machine, and saying so where it is not there. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { nextLabName } from './names.js';

/** Debian has some of them where an ordinary user's PATH does not look. */
const folders = [...new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter(Boolean);

/** Whether a program is installed. */
export function hasTool(name: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What of these programs is missing, as a phrase; undefined where nothing is. */
export function missingTools(tools: readonly string[]): string | undefined {
  const missing = tools.filter((tool) => !hasTool(tool));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')} (as root: node scripts/test-tools.mjs)`;
}

/** Why no lab can be made here, as a phrase; undefined where it can. */
export function labProblem(tools: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'Linux is needed';
  if (process.getuid?.() !== 0) return 'root is needed for network namespaces';
  return missingTools(['ip', 'nft', 'ping', 'setpriv', ...tools]) ?? namespaceProblem();
}

/** Root in a container may still not be allowed to. */
function namespaceProblem(): string | undefined {
  const name = `${nextLabName()}-trial`;
  const { status, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (status !== 0) return `network namespaces are not permitted here (${stderr.trim()})`;
  spawnSync('ip', ['netns', 'delete', name]);
  return undefined;
}

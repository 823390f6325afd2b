/** Runs nginx, or what stands for it, and says what it complained of. */
import { runCommand, type CommandResult } from '../run-command.js';

export interface NginxCommand {
  /** The program and its arguments; no shell is between. */
  readonly argv: readonly string[];
  readonly limitMs: number;
}

const maxOutputBytes = 8192;
const shownLength = 600;
/** Lines of nginx that say why: https://nginx.org/en/docs/ngx_core_module.html#error_log */
const cause = /\[(emerg|alert|crit|error)\]/;

/** @throws Error that is for people, where it does not end with 0, or in time */
export async function runNginx({ argv, limitMs }: NginxCommand, signal: AbortSignal): Promise<void> {
  const result = await runCommand(argv, { limitMs, maxOutputBytes, signal });
  if (result.code === 0) return;
  const ending = result.signal ?? `exit code ${String(result.code)}`;
  const words = complaint(result);
  throw new Error(`${argv.join(' ')} ended with ${ending}${words === '' ? '' : `: ${words}`}`);
}

/** The lines that say why, or the last ones; without control characters, and not too long. */
function complaint({ stdout, stderr }: CommandResult): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trim().split('\n');
  const causes = lines.filter((line) => cause.test(line));
  const told = causes.length > 0 ? causes.slice(0, 3) : lines.slice(-3);
  return told
    .join('; ')
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, shownLength);
}

/** What measurements were made on: facts that make figures comparable. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
}

export function machine(): Machine {
  const cores = cpus();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return { cpu: cores[0]?.model.trim() ?? 'unknown', cores: cores.length, memoryGb, kernel: `Linux ${release()}` };
}

/** How each program tells its version. */
const programs: Readonly<Record<string, readonly string[]>> = {
  HAProxy: ['haproxy', '-v'],
  fping: ['fping', '--version'],
  blackbox_exporter: ['prometheus-blackbox-exporter', '--version'],
  nginx: ['nginx', '-v'],
};

export function runtimeVersion(): Record<string, string> {
  return { 'Node.js': process.versions.node };
}

/** Versions of the runtime and of the programs that vitald is compared with; those that are not installed are left out. */
export function allVersions(): Record<string, string> {
  const found = runtimeVersion();
  for (const [name, [command, ...args]] of Object.entries(programs)) {
    const { stdout, stderr, error } = spawnSync(command!, args, { encoding: 'utf8' });
    const version = /\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`)?.[0];
    if (error === undefined && version !== undefined) found[name] = version;
  }
  return found;
}

/** The commit that was measured, `+` where files differ from it. Results and what is made of them do not count. */
export function gitRevision(): string {
  const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout.trim();
  const revision = git('rev-parse', '--short', 'HEAD');
  if (revision === '') return 'unknown';
  const changed = git('status', '--porcelain', '--', '.', ':!bench/results', ':!bench/report', ':!docs');
  return changed === '' ? revision : `${revision}+`;
}

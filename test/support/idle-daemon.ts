/** The real daemon with next to nothing to probe, for tests of its API. */
import type { Test } from 'tap';
import { RunningDaemon, temporaryFolder, type LogLine } from './daemon.js';
import type { TestToken } from './tokens.js';

export const web = { name: 'web', profile: 'native', port: 9, check: { interval: '1h' }, backends: ['127.9.0.1'] };

/** As in the configuration. */
export const entry = ({ plan: { name, role, sha256 } }: TestToken): object => ({ name, role, sha256 });
export const configOf = (server: object, more: object = {}): object => ({
  server: { listen: '127.0.0.1:0', state_dir: 'none', ...server },
  listeners: [web],
  ...more,
});

export function start(t: Test, config: object, folder = temporaryFolder(t), args: string[] = []): Promise<RunningDaemon> {
  return RunningDaemon.start(t, folder, { config, args });
}

/** Signals a reload and waits until its outcome is in the log. */
export async function reload(daemon: RunningDaemon, config: object): Promise<LogLine[]> {
  const isOutcome = ({ msg }: LogLine): boolean => /configuration is (in force|not valid)/.test(msg);
  const before = daemon.log.filter(isOutcome).length;
  daemon.rewriteConfig(config);
  daemon.signal('SIGHUP');
  return (await daemon.logged(isOutcome, before + 1)).slice(before);
}

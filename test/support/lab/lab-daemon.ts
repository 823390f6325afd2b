/** The daemon in a namespace of the lab. */
import type { Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../daemon.js';
import type { Lab } from './lab.js';

/** @param config without `server`: nothing is kept, and the API has a free port */
export async function startDaemonIn(t: Test, lab: Lab, node: string, config: object): Promise<RunningDaemon> {
  const agent = await lab.agent(node);
  return RunningDaemon.start(t, temporaryFolder(t), {
    config: { server: { listen: '127.0.0.1:0', state_dir: 'none' }, ...config },
    within: (command) => lab.inside(node, command),
    fetch: (url) => agent.call('fetch', url),
  });
}

/** The configuration of most end-to-end tests: listeners with one backend that is up and one that is down. */
import type { Test } from 'tap';
import type { RunningDaemon, Status } from './daemon.js';
import { tcpServer } from './loopback.js';

/** Of tcpmux, which nobody runs. A port that was free a moment ago may be given to another test that runs beside this one. */
export const closedPort = 1;

export const quick = { interval: '200ms', timeout: '150ms', healthy_threshold: 2, unhealthy_threshold: 2 };

/** A port of loopback that is open, and one that is closed. */
export interface Ports {
  readonly up: number;
  readonly down: number;
}

export async function openAndClosed(t: Test): Promise<Ports> {
  const up = await tcpServer('127.0.0.1');
  t.teardown(() => up.close());
  return { up: up.port, down: closedPort };
}

export const listener = (name: string, { up, down }: Ports, check: object = {}): object => ({
  name,
  check: { ...quick, ...check },
  backends: [
    { address: '127.0.0.1', port: up, name: 'up' },
    { address: '127.0.0.1', port: down, name: 'down' },
  ],
});

/** Keeps nothing, and has a free port. */
export const server = { listen: '127.0.0.1:0', state_dir: 'none' };

/** Waits until the backends of these listeners have their verdict. */
export function settled(daemon: RunningDaemon, ...listeners: string[]): Promise<Status> {
  return daemon.statusWhen((backends) =>
    listeners.every((name) => {
      const state = (id: string): string | undefined =>
        backends.find(({ listener, backend }) => listener === name && backend === id)?.state;
      return state('up') === 'healthy' && state('down') === 'unhealthy';
    }),
  );
}

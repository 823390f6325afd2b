/** For lab tests that look at how probes of many backends end over time. */
import type { RunningDaemon } from '../daemon.js';
import { eventually } from '../eventually.js';

/** What Linux does by default; a lab's nodes have no limits otherwise. */
export const defaultIcmpLimits = ['net/ipv4/icmp_ratelimit=1000', 'net/ipv6/icmp/ratelimit=1000'];

interface Check {
  readonly type?: string;
  readonly interval?: string;
  readonly timeout?: string;
}

/** A listener whose backends are named by their ports; a UDP check every second by default. */
export function listenerOf(name: string, address: string, ports: readonly number[], check: Check & object = {}): object {
  const backends = ports.map((port) => ({ address, port, name: String(port) }));
  const type = check.type ?? 'udp';
  return { name, protocol: type === 'udp' ? 'udp' : 'tcp', check: { type, interval: '1s', timeout: '500ms', ...check }, backends };
}

/** Probes of a listener that have ended so far. @param labels as in `outcome="pass"` */
export function probesEnded(daemon: RunningDaemon, listener: string, ...labels: string[]): Promise<number> {
  return daemon.metric('vitald_probes_total', `listener="${listener}"`, ...labels);
}

/** Waits until so many more probes of a listener have ended. */
export async function moreProbes(daemon: RunningDaemon, listener: string, count: number): Promise<void> {
  const before = await probesEnded(daemon, listener);
  const enough = async (): Promise<boolean> => (await probesEnded(daemon, listener)) >= before + count;
  await eventually(`${count} probes of ${listener}`, enough, { withinMs: 60_000, everyMs: 250 });
}

/** How often backends of a listener became healthy or unhealthy. */
export function transitions(daemon: RunningDaemon, listener: string, to: 'healthy' | 'unhealthy'): Promise<number> {
  return daemon.metric('vitald_backend_transitions_total', `listener="${listener}"`, `to="${to}"`);
}

/** Waits until all backends of some listeners are unhealthy. */
export async function allUnhealthy(daemon: RunningDaemon, listeners: readonly string[]): Promise<void> {
  const areUnhealthy = async (): Promise<boolean> => {
    const { backends } = await daemon.status();
    const own = backends.filter(({ listener }) => listeners.includes(listener));
    return own.length >= listeners.length && own.every(({ state }) => state === 'unhealthy');
  };
  await eventually(`all backends of ${listeners.join(', ')} to be unhealthy`, areUnhealthy, { withinMs: 60_000, everyMs: 250 });
}

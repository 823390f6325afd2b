/** Listeners of every kind of check over both IP versions, whose every failure counts at once. */
import type { Test } from 'tap';
import type { RunningDaemon } from '../daemon.js';

export type Family = 4 | 6;
export const families: readonly Family[] = [4, 6];

/** Each needs a server at its port: HTTP at 80, TLS at 443, UDP at 53 that answers "pong" and at 54 that is silent. */
export const kinds = {
  syn: { protocol: 'tcp', port: 80, check: { tcp: { method: 'syn' } } },
  connect: { protocol: 'tcp', port: 80, check: { tcp: { method: 'connect' } } },
  ping: { protocol: 'tcp', port: 80, check: { type: 'ping' } },
  udp: { protocol: 'udp', port: 53, check: { udp: { send: 'text:ping', expect: 'text:pong' } } },
  'udp-silent': { protocol: 'udp', port: 54, check: {} },
  http: { protocol: 'http', port: 80, check: {} },
  reuse: { protocol: 'http', port: 80, check: { reuse: true } },
  https: { protocol: 'https', port: 443, check: { tls: { verify: false } } },
} as const;

export interface EveryKind {
  readonly addresses: Readonly<Record<Family, string>>;
  readonly check?: object | ((family: Family) => object);
}

export function everyKind({ addresses, check = {} }: EveryKind): object[] {
  return families.flatMap((family) =>
    Object.entries(kinds).map(([name, kind]) => ({
      name: `${name}${String(family)}`,
      protocol: kind.protocol,
      check: {
        interval: '1s',
        // The backends of a lab have to answer within it on a busy machine, too.
        timeout: '900ms',
        healthy_threshold: 1,
        unhealthy_threshold: 1,
        ...kind.check,
        ...(typeof check === 'function' ? (check as (family: Family) => object)(family) : check),
      },
      backends: [{ name: 'b', address: addresses[family], port: kind.port }],
    })),
  );
}

/** Each backend is healthy, and its last probe says so. */
export async function allPass(daemon: RunningDaemon): Promise<void> {
  await daemon.statusWhen((backends) => backends.every(({ state, last_probe }) => state === 'healthy' && last_probe?.outcome === 'pass'));
}

/** Every probe comes to end like this, and none of the backends has left `healthy`. */
export async function allEndAs(t: Test, daemon: RunningDaemon, reason: string, detail: RegExp): Promise<void> {
  const { backends } = await daemon.statusWhen((backends) => backends.every(({ last_probe }) => last_probe?.reason === reason));
  for (const { listener, last_probe } of backends) t.match(last_probe?.detail, detail, listener);
  nothingChanged(t, daemon);
}

export function nothingChanged(t: Test, daemon: RunningDaemon): void {
  t.same(
    daemon.log.filter(({ to }) => to === 'unhealthy').map(({ msg }) => msg),
    [],
    'no backend became unhealthy',
  );
}

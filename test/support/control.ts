/** The control calls of the API on a small world. */
import { packPlan } from '#vitald/config/pack.js';
import type { RuntimeBackend } from '#vitald/config/plan.js';
import { appOf, smallWorld, type ControlSetup, type FrontWorld } from './front-world.js';

export const networks = ['10.0.0.0/8', 'fd00::/8'];

export interface ControlTestSetup extends ControlSetup {
  readonly world?: FrontWorld;
  readonly allowedNetworks?: readonly string[];
  /** Runtime backends of a listener that is not configured. */
  readonly waiting?: { readonly listener: string; readonly backends: readonly RuntimeBackend[] };
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  json<T>(): T;
}

type Ask = (path: string, payload?: object, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

/** Backends app-1 to app-3 of `web` are at 10.0.0.1 to 10.0.0.3, port 80; of `dns` one at 10.0.0.4, unchecked. */
export async function controlApi(t: { teardown(fn: () => unknown): void }, setup: ControlTestSetup = {}) {
  const { world = smallWorld(), allowedNetworks = networks, waiting, ...more } = setup;
  const plan = world.plan();
  const packed = packPlan({ ...plan, server: { ...plan.server, allowedNetworks } });
  const api = await appOf(world, {}, { plan: world.planMessage({ plan: packed, runtime: waiting ? [waiting] : [] }), ...more });
  t.teardown(async () => {
    await api.control.close();
    await api.app.close();
  });
  const ask =
    (method: 'GET' | 'PUT' | 'POST' | 'DELETE'): Ask =>
    (path, payload, headers = {}) =>
      api.app.inject({ method, url: `/v1${path}`, headers, ...(payload && { payload }) });
  return { ...api, world, ask: { get: ask('GET'), put: ask('PUT'), post: ask('POST'), delete: ask('DELETE') } };
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly { readonly index: number; readonly code: string; readonly detail: string }[];
}

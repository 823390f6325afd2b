/** What the contract tests need to know of a kind: backends for it, good and bad. A new kind adds one entry. */
import { selfSigned } from '../support/certificates.js';
import { misbehaviours, ok } from '../support/servers/behaviours.js';
import { serve, type Behaviour, type LoopbackServer, type ServeOptions } from '../support/servers/server.js';

/** A backend on loopback. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  /** Connections that are open now; a backend without connections leaves it out. */
  readonly open?: number;
  close(): Promise<void>;
}

export interface ContractSubject {
  /** The kind's options; the defaults where left out. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A backend that passes. */
  healthy(): Promise<Backend>;
  /** A backend that keeps the probe waiting until its deadline; undefined for a kind that cannot be kept waiting. */
  readonly hanging: (() => Promise<Backend>) | undefined;
  /** Everything that this kind can be met with, by name. */
  readonly misbehaving: Readonly<Record<string, () => Promise<Backend>>>;
}

const all = (more: ServeOptions = {}): Record<string, () => Promise<LoopbackServer>> =>
  Object.fromEntries(
    Object.entries(misbehaviours as Record<string, Behaviour>).map(([name, behaviour]) => [name, () => serve(behaviour, more)]),
  );

/** For kinds that connect by TCP; the behaviours speak HTTP, or nothing, or rubbish. */
export const overTcp = (options: Readonly<Record<string, unknown>> = {}): ContractSubject => ({
  options,
  healthy: () => serve(ok),
  hanging: () => serve(misbehaviours['silent after accept']),
  misbehaving: all(),
});

/** For kinds that speak TLS: each behaviour inside of TLS, and in place of it. */
export const overTls = (options: Readonly<Record<string, unknown>> = {}): ContractSubject => {
  const identity = selfSigned(['app.example']);
  const inside = Object.entries(all({ identity })).map(([name, make]) => [`${name}, inside of TLS`, make] as const);
  return { ...overTcp(options), healthy: () => serve(ok, { identity }), misbehaving: { ...all(), ...Object.fromEntries(inside) } };
};

/** By the name of the kind. */
export const subjects: Readonly<Record<string, readonly ContractSubject[]>> = {
  http: [overTcp({ method: 'GET' }), overTcp({ method: 'GET', reuse: true })],
  https: [overTls({ method: 'GET' }), overTls({ method: 'GET', reuse: true })],
};

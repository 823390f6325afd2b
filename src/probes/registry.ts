/**
 * Every kind of probe, one line each. Configuration schema, contract tests, documentation and metric labels follow
 * from this list; a test holds it against the folders beside it.
 */
import { httpKind, httpsKind } from './http/kind.js';
import { pingKind } from './ping/kind.js';
import type { Probe, ProbeContext, ProbeKind } from './probe.js';
import { datagramSockets } from './raw/sockets.js';
import { tcpKind } from './tcp/kind.js';
import { createUdpKind } from './udp/kind.js';

export const probeKinds: readonly ProbeKind[] = [
  tcpKind,
  pingKind,
  createUdpKind({ createPing: pingKind.create, openSockets: datagramSockets }),
  httpKind,
  httpsKind,
];

/** One probe of each kind, by name. */
export function createProbes(context: ProbeContext): ReadonlyMap<string, Probe> {
  return new Map(probeKinds.map((kind) => [kind.name, kind.create(context)]));
}

/**
 * What templates are filled in with: the servers of each upstream, and which of them are `down`.
 *
 * `initial` means that vitald does not know, and must not change anything: a daemon that has just started would empty
 * every pool. Such a server keeps the standing that the present file gives it. One that the file does not have is new:
 * what the listener says of `initial` holds, unless nobody would be up then.
 */
import { formatEndpoint } from '../../../endpoint.js';
import type { BackendsView, OutputBackend } from '../backends-view.js';
import { forEachInSlices } from '../../retry/slices.js';
import type { KnownServers } from './known-servers.js';

/** One `server` line. */
export interface UpstreamServer {
  /** The backend's id. */
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** ADDRESS:PORT, an IPv6 address in brackets. */
  readonly endpoint: string;
  /** At least 1: nginx knows no weight 0, such a server is `down`. */
  readonly weight: number;
  readonly up: boolean;
  readonly down: boolean;
}

/** One `upstream` block. */
export interface Upstream {
  /** The listener's name. */
  readonly name: string;
  /** At least one: to nginx an upstream without any is a mistake. */
  readonly servers: readonly UpstreamServer[];
}

export interface UpstreamFileData {
  readonly checker: string;
  readonly listeners: readonly Upstream[];
}

/** Stands where a listener has no backend. It is `down`: nothing is ever sent there. */
const placeholder: UpstreamServer = {
  id: 'none',
  address: '127.0.0.1',
  port: 9,
  endpoint: '127.0.0.1:9',
  weight: 1,
  up: false,
  down: true,
};

/**
 * @param listeners their names; those that are not there (any more) are left out
 * @param known what the present file says
 */
export async function upstreamFileData(view: BackendsView, listeners: readonly string[], known: KnownServers): Promise<UpstreamFileData> {
  const standings = new Map<string, Standing[]>();
  await forEachInSlices(entriesOf(view, listeners), ({ upstream, backend }) => {
    if (backend === undefined) standings.set(upstream, []);
    else standings.get(upstream)!.push(standing(backend, known.isUp(upstream, endpointOf(backend))));
  });
  const upstreams = [...standings].map(([name, servers]) => ({ name, servers: decided(servers) }));
  return { checker: harmless(view.checker), listeners: upstreams };
}

/** True where one of the listeners has a backend of which neither vitald nor the file knows anything. */
export async function someAreUnknown(view: BackendsView, listeners: readonly string[], known: KnownServers): Promise<boolean> {
  let found = false;
  await forEachInSlices(entriesOf(view, listeners), ({ upstream, backend }) => {
    if (backend !== undefined) found ||= standing(backend, known.isUp(upstream, endpointOf(backend))).isUnknown;
  });
  return found;
}

interface Entry {
  readonly upstream: string;
  /** Undefined: here the listener begins. */
  readonly backend: OutputBackend | undefined;
}

function* entriesOf(view: BackendsView, listeners: readonly string[]): Generator<Entry> {
  for (const listener of listeners) {
    if (!view.hasListener(listener)) continue;
    const upstream = harmless(listener);
    yield { upstream, backend: undefined };
    for (const backend of view.backends(listener)) yield { upstream, backend };
  }
}

/** Where nobody is up, those that nobody knows are. */
function decided(standings: readonly Standing[]): readonly UpstreamServer[] {
  if (standings.length === 0) return [placeholder];
  const somebodyIsUp = standings.some(({ server }) => server.up);
  return standings.map(({ server, isUnknown }) => (isUnknown && !somebodyIsUp ? { ...server, up: true, down: false } : server));
}

interface Standing {
  readonly server: UpstreamServer;
  /** There is no verdict, and the file does not have it. */
  readonly isUnknown: boolean;
}

function standing(backend: OutputBackend, wasUp: boolean | undefined): Standing {
  const { backend: id, address, port, weight, because, routable } = backend;
  const hasWeight = weight > 0;
  const hasVerdict = because !== 'initial';
  const up = hasWeight && (hasVerdict ? routable : (wasUp ?? routable));
  return {
    server: {
      id: harmless(id),
      address: harmless(address),
      port,
      endpoint: endpointOf(backend),
      weight: Math.max(weight, 1),
      up,
      down: !up,
    },
    isUnknown: !hasVerdict && wasUp === undefined && hasWeight,
  };
}

function endpointOf({ address, port }: OutputBackend): string {
  return harmless(formatEndpoint(address, port));
}

/** Names and addresses were checked when they came in. Whatever changes there: here nothing can end a line or a block. */
function harmless(text: string): string {
  return text.replace(/[^A-Za-z0-9_.:[\]-]/g, '_');
}

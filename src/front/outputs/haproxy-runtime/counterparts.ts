/**
 * Which listeners and backends HAProxy has counterparts for, and what to write for those that it has none for.
 *
 * A verdict that reaches no server is not followed, however well the socket works. So every listener of the output must
 * have a backend in HAProxy with servers, and every backend of the listener a server there.
 */
import { yamlPair } from '../../../config/yaml-text.js';
import type { BackendsView, OutputBackend } from '../backends-view.js';
import type { ServerNames } from '../haproxy/names.js';
import type { HaproxyServer } from './servers-state.js';

/** Servers kept of each HAProxy backend that have no backend here: enough to guess whose servers they are. */
const mostStrangers = 32;
/** Names and mappings given in one message; the rest is counted. */
const mostShown = 3;
const mostNamesShown = 20;

/** A HAProxy backend. */
interface Pool {
  readonly name: string;
  /** Listener that it stands for; undefined: none. */
  readonly listener: string | undefined;
  /** Ids of the listener's backends that have a server in it. */
  readonly found: Set<string>;
  /** Servers without a backend here, up to {@link mostStrangers}. */
  readonly strangers: HaproxyServer[];
}

interface MissingBackend {
  readonly backend: string;
  /** Where it is, as {@link OutputBackend} has it. */
  readonly address: string;
  readonly port: number;
}

export class Counterparts {
  readonly #names: ServerNames;
  readonly #view: BackendsView;
  readonly #pools = new Map<string, Pool>();
  /** By listener: ids of its backends whose server is in a HAProxy backend that does not stand for it (option `servers`). */
  readonly #elsewhere = new Map<string, Set<string>>();

  constructor(names: ServerNames, view: BackendsView) {
    this.#names = names;
    this.#view = view;
  }

  /** Takes a server of HAProxy, with the backend that it stands for. */
  saw(server: HaproxyServer, backend: OutputBackend | undefined): void {
    const pool = this.#poolOf(server.backend);
    if (backend === undefined) {
      if (pool.strangers.length < mostStrangers) pool.strangers.push(server);
    } else if (backend.listener === pool.listener) pool.found.add(backend.backend);
    else this.#elsewhereOf(backend.listener).add(backend.backend);
  }

  /** Names of the listeners that no server of HAProxy stands for, once all servers were seen. */
  missingListeners(): string[] {
    return this.#names.listeners.filter((listener) => this.#view.size(listener) > 0 && !this.#isFollowed(listener));
  }

  /** A sentence for each counterpart that is missing, once all servers were seen. */
  problems(): string[] {
    const missing = this.missingListeners();
    const followed = this.#names.listeners.filter((listener) => this.#isFollowed(listener));
    return [
      ...missing.slice(0, mostShown).map((listener) => this.#noPool(listener)),
      ...(missing.length > mostShown ? [`HAProxy has no backend either for ${listed('listener', missing.slice(mostShown))}`] : []),
      ...followed.flatMap((listener) => this.#incompletePools(listener)),
      ...this.#staleMappings(missing),
    ];
  }

  #isFollowed(listener: string): boolean {
    return this.#poolsOf(listener).length > 0 || this.#elsewhere.has(listener);
  }

  #poolsOf(listener: string): Pool[] {
    return [...this.#pools.values()].filter((pool) => pool.listener === listener);
  }

  #noPool(listener: string): string {
    const expected = this.#names.namesFor(listener).map((name) => JSON.stringify(name));
    const what = `HAProxy has no backend ${expected.join(' or ')} with servers, so nothing follows the verdicts of listener ${listener}`;
    const likely = this.#likelyPool(listener);
    if (likely !== undefined)
      return `${what}: if ${likely} is its backend, write backends: { ${yamlPair(likely, listener)} } in this output`;
    const free = [...this.#pools.values()].filter((pool) => pool.listener === undefined).map(({ name }) => name);
    const found = free.length === 0 ? '' : `; HAProxy has ${listed('backend', free)}`;
    const mapping = `backends: { HAPROXY_BACKEND: ${listener} }`;
    return `${what}: write ${mapping} in this output if the backend has another name${found}; if this HAProxy does not serve ${listener}, list under listeners: those that it serves`;
  }

  /** The HAProxy backend that shares the most servers with a listener, by name or by address. */
  #likelyPool(listener: string): string | undefined {
    const free = [...this.#pools.values()].filter((pool) => pool.listener === undefined);
    if (free.length === 0) return undefined;
    const ids = new Set<string>();
    const places = new Set<string>();
    for (const { backend, address, port } of this.#view.backends(listener)) {
      ids.add(backend);
      places.add(placeOf(address, port));
    }
    let likely: { readonly name: string; readonly shared: number } | undefined;
    for (const { name, strangers } of free) {
      const shared = strangers.filter((one) => ids.has(one.server) || places.has(placeOf(one.address, one.port))).length;
      if (shared > (likely?.shared ?? 0)) likely = { name, shared };
    }
    return likely?.name;
  }

  /** HAProxy backends of a listener in which some of its backends have no server. */
  #incompletePools(listener: string): string[] {
    const size = this.#view.size(listener);
    const elsewhere = this.#elsewhere.get(listener) ?? new Set<string>();
    const pools: readonly (Pool | undefined)[] = this.#poolsOf(listener);
    return (pools.length === 0 ? [undefined] : pools).flatMap((pool) => {
      const found = pool === undefined ? elsewhere : new Set([...pool.found, ...elsewhere]);
      return found.size >= size ? [] : [this.#incomplete(listener, pool, found, size)];
    });
  }

  #incomplete(listener: string, pool: Pool | undefined, found: ReadonlySet<string>, size: number): string {
    const missing = this.#firstMissing(listener, found);
    const where = pool === undefined ? 'HAProxy' : `HAProxy's backend ${pool.name}`;
    const what = `only ${found.size} of the ${size} backends of listener ${listener} have a server in ${where}`;
    const left = size - found.size - missing.length;
    const names = `${missing.map(({ backend }) => backend).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
    const poolName = pool?.name ?? 'HAPROXY_BACKEND';
    const pairs = missing.map((one) => yamlPair(`${poolName}/${serverOf(pool, one) ?? 'SERVER'}`, `${listener}/${one.backend}`));
    const have = size - found.size === 1 ? 'has' : 'have';
    return `${what}: ${names} ${have} none; name the servers there as the backends are named here, or write servers: { ${pairs.join(', ')} } in this output`;
  }

  #firstMissing(listener: string, found: ReadonlySet<string>): MissingBackend[] {
    const missing: MissingBackend[] = [];
    for (const backend of this.#view.backends(listener)) {
      if (found.has(backend.backend)) continue;
      missing.push(backend);
      if (missing.length === mostShown) break;
    }
    return missing;
  }

  /** Names under `backends` that HAProxy does not have, of listeners that it follows by another name. */
  #staleMappings(missing: readonly string[]): string[] {
    return this.#names.named.flatMap((name) => {
      const listener = this.#names.listenerOf(name);
      if (this.#pools.has(name) || listener === undefined || missing.includes(listener)) return [];
      return [`HAProxy has no backend ${name} with servers: take it out of backends: in this output, or add it to HAProxy`];
    });
  }

  #poolOf(name: string): Pool {
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = { name, listener: this.#names.listenerOf(name), found: new Set(), strangers: [] };
      this.#pools.set(name, pool);
    }
    return pool;
  }

  #elsewhereOf(listener: string): Set<string> {
    let ids = this.#elsewhere.get(listener);
    if (ids === undefined) this.#elsewhere.set(listener, (ids = new Set()));
    return ids;
  }
}

/** The server of a HAProxy backend that is where the backend is; undefined: none, or several. */
function serverOf(pool: Pool | undefined, { address, port }: MissingBackend): string | undefined {
  const same = pool?.strangers.filter((server) => placeOf(server.address, server.port) === placeOf(address, port)) ?? [];
  return same.length === 1 ? same[0]!.server : undefined;
}

function placeOf(address: string | undefined, port: number | undefined): string {
  return `${address} ${port}`;
}

function listed(noun: string, names: readonly string[]): string {
  const shown = names.slice(0, mostNamesShown).join(', ');
  const left = names.length - mostNamesShown;
  return `${noun}${names.length === 1 ? '' : 's'} ${shown}${left > 0 ? ` and ${left} more` : ''}`;
}

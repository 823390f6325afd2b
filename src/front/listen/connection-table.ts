/** Connections by address, oldest first. */
import type { Connection } from '../access/connections.js';

export class ConnectionTable {
  readonly #byAddress = new Map<string, Set<Connection>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(connection: Connection): boolean {
    return this.#byAddress.get(connection.address)?.has(connection) === true;
  }

  count(address: string): number {
    return this.#byAddress.get(address)?.size ?? 0;
  }

  add(connection: Connection): void {
    const { address } = connection;
    const present = this.#byAddress.get(address);
    if (present === undefined) this.#byAddress.set(address, new Set([connection]));
    else present.add(connection);
    this.#size++;
  }

  delete(connection: Connection): void {
    const { address } = connection;
    const present = this.#byAddress.get(address);
    if (present?.delete(connection) !== true) return;
    this.#size--;
    if (present.size === 0) this.#byAddress.delete(address);
  }

  oldestOf(address: string, fits: (connection: Connection) => boolean = () => true): Connection | undefined {
    for (const connection of this.#byAddress.get(address) ?? []) if (fits(connection)) return connection;
    return undefined;
  }

  /** The oldest that fits, of the address with the most connections that has one; only of addresses with more than `above`. */
  victim(above: number, fits: (connection: Connection) => boolean): Connection | undefined {
    const addresses = [...this.#byAddress].filter(([, { size }]) => size > above).sort(([, a], [, b]) => b.size - a.size);
    for (const [address] of addresses) {
      const found = this.oldestOf(address, fits);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

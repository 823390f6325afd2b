/** The runtime backends that are in force, as the engine told of them last. */
import { createHash } from 'node:crypto';
import type { RuntimeBackend, RuntimeBackends } from '../../config/plan.js';

export type OfListener = ReadonlyMap<string, RuntimeBackend>;

const nobody: OfListener = new Map();

export class RuntimeStore {
  /** By listener and id; also of listeners that the configuration does not have. */
  readonly #byListener: ReadonlyMap<string, OfListener>;

  constructor(readonly all: RuntimeBackends = []) {
    this.#byListener = new Map(all.map(({ listener, backends }) => [listener, new Map(backends.map((backend) => [backend.id, backend]))]));
  }

  get size(): number {
    return this.all.reduce((sum, { backends }) => sum + backends.length, 0);
  }

  of(listener: string): OfListener {
    return this.#byListener.get(listener) ?? nobody;
  }

  get listeners(): readonly string[] {
    return [...this.#byListener.keys()];
  }
}

/** The entity tag (RFC 9110, 8.8.3) of one runtime backend's definition. */
export function backendTag({ version }: RuntimeBackend): string {
  return `"${version}"`;
}

/** The entity tag of a listener's whole set: another one after any change of any of them. */
export function setTag(backends: OfListener): string {
  const hash = createHash('sha256');
  for (const { id, version } of backends.values()) hash.update(`${version} ${id}\n`);
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}

/** What every part of the resolving needs: the file's values, the machine, and where to put problems. */
import type { ProbeKind } from '../../probes/probe.js';
import type { Position, SourceDocument } from '../document/source-document.js';
import type { Protocol } from '../plan.js';
import type { ProblemList, ValuePath } from '../problem.js';
import type { Profile } from '../profiles/profile.js';
import type { JsonSchema } from '../json-schema.js';
import { isSecretPlace } from '../secret-places.js';
import type { RawConfig } from './raw.js';

/** Facts about this machine that the configuration is checked against. */
export interface Machine {
  readonly hostname: string;
  /** Addresses of all network interfaces, without zones. */
  readonly addresses: readonly string[];
  /** Names of all network interfaces. */
  readonly interfaces: readonly string[];
}

/** What the check of a listener rests on besides what is written of it. */
export interface ListenerFacts {
  readonly protocol: Protocol;
  /** What the backends of an http or https listener speak, if the file says so. */
  readonly backendProtocol: 'http' | 'https' | undefined;
  readonly profile: Profile;
}

export interface ResolveInput {
  readonly source: SourceDocument;
  readonly schema: JsonSchema;
  readonly kinds: ReadonlyMap<string, ProbeKind>;
  readonly machine: Machine;
  readonly problems: ProblemList;
  readonly warnings: ProblemList;
}

export class ResolveContext {
  readonly source: SourceDocument;
  readonly kinds: ReadonlyMap<string, ProbeKind>;
  readonly machine: Machine;
  readonly #schema: JsonSchema;
  readonly #problems: ProblemList;
  readonly #warnings: ProblemList;

  constructor({ source, schema, kinds, machine, problems, warnings }: ResolveInput) {
    this.source = source;
    this.kinds = kinds;
    this.machine = machine;
    this.#schema = schema;
    this.#problems = problems;
    this.#warnings = warnings;
  }

  get raw(): RawConfig {
    return this.source.root as RawConfig;
  }

  problem(path: ValuePath, message: string, at: 'key' | 'value' = 'value'): void {
    this.#add(this.#problems, path, message, at);
  }

  warning(path: ValuePath, message: string, at: 'key' | 'value' = 'value'): void {
    this.#add(this.#warnings, path, message, at);
  }

  /** Whether messages may not quote the value at a path. */
  isHidden(path: ValuePath): boolean {
    return this.source.isFromEnvironment(path) || isSecretPlace(path, this.#schema);
  }

  #add(list: ProblemList, path: ValuePath, message: string, at: 'key' | 'value'): void {
    if (list.isFull) list.addUnlisted();
    else list.add(this.source.position(path, at), path, this.#withoutValue(path, message));
  }

  /** A message about a value that must not be quoted, without that value. */
  #withoutValue(path: ValuePath, message: string): string {
    const value = this.source.value(path);
    if ((typeof value !== 'string' && typeof value !== 'number') || String(value).length < shortestHidden) return message;
    return this.isHidden(path) ? message.replaceAll(asWord(String(value)), '[redacted]') : message;
  }

  position(path: ValuePath): Position {
    return this.source.position(path);
  }

  /** True where a problem was already told of this value. */
  isBroken(path: ValuePath): boolean {
    return this.source.broken.has(path);
  }
}

/** Shorter values are no secrets, and are in every sentence by chance. */
const shortestHidden = 4;

/** A text where it is not part of a longer word. */
function asWord(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return new RegExp(`(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'g');
}

/** What every part of the resolving needs: the file's values, the machine, and where to put problems. */
import type { ProbeKind } from '../../probes/probe.js';
import type { Position, SourceDocument } from '../document/source-document.js';
import { formatPath, type ProblemList, type ValuePath } from '../problem.js';
import type { RawConfig } from './raw.js';

/** Facts about this machine that the configuration is checked against. */
export interface Machine {
  readonly hostname: string;
  /** Addresses of all network interfaces, without zones. */
  readonly addresses: readonly string[];
  /** Names of all network interfaces. */
  readonly interfaces: readonly string[];
}

export class ResolveContext {
  constructor(
    readonly source: SourceDocument,
    readonly kinds: ReadonlyMap<string, ProbeKind>,
    readonly machine: Machine,
    readonly problems: ProblemList,
    readonly warnings: ProblemList,
  ) {}

  get raw(): RawConfig {
    return this.source.root as RawConfig;
  }

  problem(path: ValuePath, message: string, at: 'key' | 'value' = 'value'): void {
    this.problems.add(this.source.position(path, at), formatPath(path), message);
  }

  warning(path: ValuePath, message: string, at: 'key' | 'value' = 'value'): void {
    this.warnings.add(this.source.position(path, at), formatPath(path), message);
  }

  position(path: ValuePath): Position {
    return this.source.position(path);
  }

  /** True where a problem was already told of this value. */
  isBroken(path: ValuePath): boolean {
    return this.source.broken.has(path);
  }
}

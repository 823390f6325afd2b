/** A checker under a shortage: vitald, or HAProxy beside it. */
import type { VerdictBoard } from './verdict-board.js';

export interface CheckSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface CheckedBackend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface Checker {
  readonly pid: number;
  readonly board: VerdictBoard;
  stop(): Promise<void>;
}

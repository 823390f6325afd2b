/** What the demo's worker and its starter say to each other. */
import type { DemoPorts } from './ports.js';

export interface StartedMessage {
  readonly type: 'started';
  readonly ports: DemoPorts;
  /** One line for each backend. */
  readonly describe: readonly string[];
}

export interface FailedMessage {
  readonly type: 'failed';
  /** Which backend, as people call it. */
  readonly backend: string;
  readonly port: number;
  /** errno. */
  readonly code: string;
  readonly message: string;
}

export interface StoppedMessage {
  readonly type: 'stopped';
}

export type FromDemo = StartedMessage | FailedMessage | StoppedMessage;

/** The only thing the worker is told. */
export const stopMessage = 'stop';

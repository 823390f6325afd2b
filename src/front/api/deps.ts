/** What the calls of the API work with. */
import type { FastifyBaseLogger } from 'fastify';
import type { Access } from '../access/access.js';
import type { Holds } from '../access/holds.js';
import type { Control } from '../control/control.js';
import type { Diagnoses } from '../diagnoses.js';
import type { Route } from '../http/route.js';
import type { Metrics } from '../metrics/registry.js';
import type { Outputs } from '../outputs/outputs.js';
import type { FrontState } from '../view/state.js';

/** What handlers work with. */
export interface ApiDeps {
  readonly state: FrontState;
  readonly metrics: Metrics;
  readonly diagnoses: Diagnoses;
  readonly outputs: Outputs;
  readonly control: Control;
  /** Undefined: as the plan in `state` says. */
  readonly access?: Access;
  /** What clients keep open, against the limits of the plan in force. */
  readonly holds: Holds;
  readonly version: string;
  readonly log: FastifyBaseLogger;
}

export type ApiRoute = Route<ApiDeps>;

/** What a daemon answers, as far as commands look at it (docs/api.md). */
import type { State } from '../../health/state.js';

export interface BackendAnswer {
  readonly listener: string;
  readonly backend: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly state: State;
  /** RFC 3339. */
  readonly since: string;
  readonly routable: boolean;
  readonly routable_because: string;
  readonly last_probe: {
    readonly at: string;
    readonly outcome: string;
    readonly reason: string;
    readonly detail: string;
    readonly rtt_seconds: number | null;
  } | null;
  readonly revision: number;
}

/** `/v1/status`. */
export interface StatusAnswer {
  readonly checker: string;
  readonly revision: number;
  readonly complete: boolean;
  readonly backends: readonly BackendAnswer[];
  readonly removed: readonly { readonly listener: string; readonly backend: string }[];
}

/** The data of an event of `/v1/events`. */
export interface EventAnswer {
  readonly listener: string;
  readonly backend: string;
  readonly weight: number | null;
  /** RFC 3339. */
  readonly at: string;
  readonly from: State;
  readonly to: State;
  readonly routable: boolean;
  readonly routable_because: string;
  readonly reason: string | null;
  readonly detail: string;
  readonly revision: number;
}

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

/** Who decided it, and why. */
export interface OverrideNote {
  readonly by: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly at: string;
  readonly expires_at: string | null;
}

/** `/v1/listeners/{listener}/backends/{backend}`. */
export interface BackendDetailAnswer extends BackendAnswer {
  /** Absent in answers of daemons that know of no overrides. */
  readonly override?: (OverrideNote & { readonly mode: string }) | null;
  readonly weight_override?: (OverrideNote & { readonly weight: number }) | null;
  /** Newest first. */
  readonly transitions: readonly {
    readonly at: string;
    readonly from: State;
    readonly to: State;
    readonly reason: string | null;
    readonly detail: string;
  }[];
}

/** `/v1/status`. */
export interface StatusAnswer {
  readonly checker: string;
  /** Whose revision it is. Absent in answers of daemons that know of no epochs. */
  readonly epoch?: string;
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

/**
 * What the two threads say to each other. The engine posts, the front reads the shared memory that it was told of.
 * Messages arrive in order, and the engine writes the table before it posts: who has read a change finds at least
 * that change in the table.
 */
import type { BackendMemory, PackedPlan, RuntimeBackends } from './config/plan.js';
import type { Reason } from './health/reasons.js';
import type { Admin, RoutableBecause } from './health/routable.js';
import type { State } from './health/state.js';
import type { Instant } from './instant.js';

/** A change of one backend's state, routing, weight or membership, or of whether its verdict is stale; each has a revision of its own (invariant 6). */
export interface Change {
  readonly revision: number;
  readonly slot: number;
  readonly listener: string;
  readonly backend: string;
  readonly what: 'added' | 'state' | 'routing' | 'weight' | 'stale' | 'removed';
  /** Wall-clock ms since the epoch. */
  readonly at: number;
  /** The state before; the same as `to` where only routing, weight or membership changed. */
  readonly from: State;
  readonly to: State;
  readonly routable: boolean;
  readonly because: RoutableBecause;
  /** Whether the verdict is stale from then on. */
  readonly stale: boolean;
  /** Of the probe that led to a change of state; undefined for the others. */
  readonly reason?: Reason;
  readonly detail?: string;
  readonly runLength?: number;
}

/** How a listener's checks are really made on this machine. */
export interface CheckMethod {
  /** syn, connect, echo, datagram, request; `none` where checks are disabled. */
  readonly method: string;
  readonly warning?: string;
}

/** One listener of the plan in force, with where its rows are. */
export interface ListenerRows {
  readonly name: string;
  /** Row in the {@link Counters}. */
  readonly counterRow: number;
  readonly checkMethod: CheckMethod;
  /** Slot of each backend, in the order of the plan's backends. */
  readonly slots: Int32Array;
  /**
   * What is probed for each backend, in the same order: backends with the same number share their probes.
   * {@link noTarget} where the listener does not check.
   */
  readonly targets: Int32Array;
}

export const noTarget = -1;

/** A plan in force: sent at start, after each reload, and again to a front that was restarted. */
export interface PlanMessage {
  readonly type: 'plan';
  readonly plan: PackedPlan;
  /** Counts the plans of this process; a command that changes the plan says which one it was made for. */
  readonly number: number;
  /** What led to it. */
  readonly cause: 'start' | 'reload' | 'runtime_backends';
  /** Runtime backends that are left: those that the file names too are the file's from now on. */
  readonly runtime: RuntimeBackends;
  readonly rows: readonly ListenerRows[];
  readonly table: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** The newest revision when this was sent. */
  readonly revision: number;
  /** Backends that came, went or changed weight with this plan. Empty at start. */
  readonly changes: readonly Change[];
  /** Listeners whose check changed, and when their verdicts will rest on the new one (docs/semantics.md item 10). */
  readonly settlesAt: readonly { readonly listener: string; readonly at: Instant }[];
}

export interface ChangesMessage {
  readonly type: 'changes';
  readonly changes: readonly Change[];
}

/** How the last attempt to read the configuration went. */
export interface ReloadMessage {
  readonly type: 'reload';
  readonly ok: boolean;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
}

/** Something for the log that is not a change. */
export interface NoticeMessage {
  readonly type: 'notice';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Asks the front to end open requests and close. It answers `closed`. */
export interface CloseMessage {
  readonly type: 'close';
}

/** The state folder could not be used at the start: it can be now, or another problem has come up. */
export interface StateFolderMessage {
  readonly type: 'state_folder';
  /** Why it cannot be used; undefined: it can. */
  readonly problem: string | undefined;
}

/** What became of a command, after the changes that it led to, or the first of them: see `revision`. */
export interface CommandDoneMessage {
  readonly type: 'done';
  readonly id: number;
  readonly result: CommandResult;
}

export type CommandResult =
  /** Done. All that it changed has been handed on when the changes up to `revision` have been. */
  | { readonly done: true; readonly revision: number }
  /**
   * `stale`: another plan is in force than the one that the command was made for; ask again.
   * `not_found`: no such backend. `check_disabled`: its listener does not check. `refused`: this machine cannot; see `detail`.
   */
  | { readonly done: false; readonly why: 'stale' | 'not_found' | 'check_disabled' | 'refused' | 'stopping'; readonly detail?: string };

export type ToFront = PlanMessage | ChangesMessage | ReloadMessage | NoticeMessage | StateFolderMessage | CommandDoneMessage | CloseMessage;

/** The front serves at this URL. */
export interface ListeningMessage {
  readonly type: 'listening';
  readonly url: string;
}

/** The front cannot serve: address in use, not this machine's, not permitted, or a certificate that cannot be used. */
export interface FailedMessage {
  readonly type: 'failed';
  readonly code: 'address_in_use' | 'address_not_available' | 'permission_missing' | 'tls_not_usable' | 'front_failed';
  readonly message: string;
}

export interface ClosedMessage {
  readonly type: 'closed';
}

/** What operators say of a backend; it wins over checks and configuration, and outlives both (front/control/). */
export interface Override {
  readonly listener: string;
  readonly backend: string;
  readonly admin: Admin;
  /** Instead of the configured weight. */
  readonly weight: number | undefined;
  /** Of `admin`, unless that is `none`. */
  readonly adminNote?: OperatorNote;
  /** Of `weight`, where there is one. */
  readonly weightNote?: OperatorNote;
}

/** Who said so, and why. The engine only keeps it. */
export interface OperatorNote {
  readonly by: string;
  readonly why: string;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
  /** When it ends by itself, wall-clock ms; undefined: when an operator ends it. See override-end.ts. */
  readonly expiresAt: number | undefined;
  /** How long it was to last, ms; absent where it has no end, or one by the wall clock alone. */
  readonly lastsMs?: number;
  /** Where it was to last so long: its end by the monotonic clock of this process (instant.ts). Never saved. */
  readonly endsAtMs?: number;
}

/** Sets the override of each backend; `none` and no weight end it. It holds for backends that come later, too. */
export interface OverrideCommand {
  readonly kind: 'override';
  readonly overrides: readonly Override[];
}

/** Makes a probe due now. */
export interface ProbeCommand {
  readonly kind: 'probe';
  readonly listener: string;
  readonly backend: string;
}

/** Other backends for some listeners; the rest of the plan stays. */
export interface MembersCommand {
  readonly kind: 'members';
  /** The {@link PlanMessage.number} of the plan that it was made for. */
  readonly basis: number;
  /** All runtime backends from then on. */
  readonly runtime: RuntimeBackends;
  readonly listeners: readonly {
    readonly name: string;
    readonly backends: BackendMemory;
    /** See config/pack.ts. */
    readonly origins: Int32Array;
  }[];
}

export type Command = OverrideCommand | ProbeCommand | MembersCommand;

/** Asks the engine for something; it answers with a {@link CommandDoneMessage} of the same id. */
export interface CommandMessage {
  readonly type: 'command';
  readonly id: number;
  readonly command: Command;
}

export type FromFront = ListeningMessage | FailedMessage | ClosedMessage | CommandMessage;

/** What the front thread gets at its start. */
export interface FrontData {
  readonly version: string;
  /** Version of Node.js, as in `v24.1.0`. */
  readonly nodeVersion: string;
  readonly logFormat: 'json' | 'pretty';
  readonly logLevel: string;
  readonly plan: PlanMessage;
  /** Whose revisions those of the plan and of all changes are; see status/epoch.ts. The same for every front of this process. */
  readonly epoch: string;
  readonly overrides: readonly Override[];
  /**
   * The folder for what outlives the process, locked by this one unless `stateUnusable` is set; a reload does not change
   * it. Undefined: nothing is kept.
   */
  readonly stateDir: string | undefined;
  /** Why the folder cannot be used yet; undefined: it can. */
  readonly stateUnusable: string | undefined;
  /** Files of an earlier process that were damaged, a sentence each. */
  readonly stateProblems: readonly string[];
  readonly reload: ReloadMessage;
  /** Monotonic start, wall-clock ms since the epoch. */
  readonly startedAt: number;
}

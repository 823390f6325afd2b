/**
 * What HAProxy says of its servers: `show servers state`.
 * Source: HAProxy, management guide, 9.3 "show servers state"; the bits: include/haproxy/server-t.h, check-t.h.
 */

/** A server as HAProxy has it now. */
export interface HaproxyServer {
  /** HAProxy's backend. */
  readonly backend: string;
  readonly server: string;
  /** Where it is; undefined where HAProxy does not say, or does not know yet. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** In maintenance all are `down`. `stopping`: set to soft-stop by somebody else. */
  readonly health: 'up' | 'down' | 'stopping';
  /** `held`: in maintenance for a reason that `state ready` does not end: the server that it tracks, or its name's resolution. */
  readonly admin: 'ready' | 'drain' | 'maint' | 'held';
  readonly weight: number;
  /** The one in haproxy.cfg. */
  readonly initialWeight: number;
  /** HAProxy checks it by itself. */
  readonly hasOwnCheck: boolean;
}

const columns = ['be_name', 'srv_name', 'srv_op_state', 'srv_admin_state', 'srv_uweight', 'srv_iweight', 'srv_check_state'] as const;
/** Not in the tables of all versions. */
const optionalColumns = ['srv_addr', 'srv_port'] as const;
type Column = (typeof columns)[number] | (typeof optionalColumns)[number];

/** srv_op_state: 0 stopped, 1 starting (slowstart), 2 running, 3 stopping. */
const stopped = 0;
const stopping = 3;
/** srv_admin_state. */
const forcedMaint = 0x01;
const inheritedMaint = 0x02;
const forcedDrain = 0x08;
const resolutionMaint = 0x20;
/** srv_check_state: configured and enabled. */
const checkEnabled = 0x04;

export class ServersState {
  #places: ReadonlyMap<Column, number> | undefined;
  #isComplete = false;

  /** Whether the table has begun. */
  get hasBegun(): boolean {
    return this.#places !== undefined;
  }

  /** Whether all of the table was there. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Takes a line of the answer.
   * @returns the server that it tells of, if it does
   * @throws Error where the table is not as it should be
   */
  line(line: string): HaproxyServer | undefined {
    if (line.startsWith('# be_id ')) this.#places = placesIn(line);
    else if (this.#places !== undefined) {
      if (line !== '') return read(line.split(' '), this.#places);
      this.#isComplete = true;
    }
    return undefined;
  }
}

function placesIn(header: string): ReadonlyMap<Column, number> {
  const names = header.slice(2).split(' ');
  const places = new Map<Column, number>([...columns, ...optionalColumns].map((column) => [column, names.indexOf(column)]));
  const missing = columns.find((column) => places.get(column) === -1);
  if (missing !== undefined) throw new Error(`HAProxy does not report ${missing} for its servers; version 1.8 or newer is needed`);
  return places;
}

function read(cells: readonly string[], places: ReadonlyMap<Column, number>): HaproxyServer {
  const text = (column: Column): string => cells[places.get(column)!] ?? '';
  const number = (column: Column): number => {
    const value = Number(text(column));
    if (text(column) === '' || !Number.isInteger(value)) throw new Error('the answer to show servers state is not one of HAProxy');
    return value;
  };
  const op = number('srv_op_state');
  return {
    backend: text('be_name'),
    server: text('srv_name'),
    address: knownText(text('srv_addr')),
    port: Number(text('srv_port')) || undefined,
    health: op === stopped ? 'down' : op === stopping ? 'stopping' : 'up',
    admin: adminOf(number('srv_admin_state')),
    weight: number('srv_uweight'),
    initialWeight: number('srv_iweight'),
    hasOwnCheck: (number('srv_check_state') & checkEnabled) !== 0,
  };
}

function knownText(text: string): string | undefined {
  return text === '' || text === '-' ? undefined : text;
}

function adminOf(bits: number): HaproxyServer['admin'] {
  if ((bits & forcedMaint) !== 0) return 'maint';
  if ((bits & (inheritedMaint | resolutionMaint)) !== 0) return 'held';
  return (bits & forcedDrain) !== 0 ? 'drain' : 'ready';
}

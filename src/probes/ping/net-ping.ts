/**
 * One echo by the net-ping package: for `vitald probe ping://…` on machines where the daemon's own ping does not work
 * (see one-shot.ts). The daemon's own goes over a filtered raw channel (echo.ts): net-ping takes any echo reply with its
 * id and sequence number for an answer, from any sender, moves one packet per event-loop turn, and never returns from
 * its 65,536th echo in flight.
 */
import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Reason } from '../../health/reasons.js';
import { printable } from '../printable.js';
import type { CheckSettings, Done, Family, Probe, ProbeContext, Readiness, Target } from '../probe.js';

/** What is used of the package. */
interface NetPing {
  readonly NetworkProtocol: { readonly IPv4: number; readonly IPv6: number };
  createSession(options: { networkProtocol: number; sessionId: number; retries: number }): Session;
}

interface Session {
  /** Milliseconds; read when an echo is sent for the first time. */
  timeout: number;
  pingHost(address: string, answered: (error: Error | null) => void): void;
  /** Which echo a packet belongs to; net-ping drops its ICMP code before the answer is reported. */
  fromBuffer(packet: Buffer): { readonly code: number } | null | undefined;
  on(event: 'error', listener: (error: Error) => void): void;
  close(): void;
}

interface OpenSession {
  readonly session: Session;
  /** ICMP code of the packet that is being reported now. */
  lastCode: number;
}

interface Flight {
  readonly target: Target;
  readonly startedAt: number;
  readonly done: Done;
}

/** Echo requests for each probe, at even distances (docs/semantics.md item 18). */
const sends = 3;

export class NetPingProbe implements Probe<CheckSettings> {
  readonly #context: ProbeContext;
  readonly #sessions = new Map<Family, OpenSession>();
  readonly #flights = new Map<number, Flight>();

  constructor(context: ProbeContext) {
    this.#context = context;
  }

  compile(settings: CheckSettings): CheckSettings {
    return settings;
  }

  /** Tries a session: where raw sockets are missing or not permitted, that is the time to say so. */
  ready(compiled: CheckSettings): Readiness {
    if (compiled.source !== undefined || compiled.interface !== undefined) {
      return { method: 'echo', error: 'net-ping cannot choose where echoes leave from; leave `source` and `interface` out' };
    }
    try {
      this.#session(4);
      return { method: 'echo' };
    } catch (error) {
      return { method: 'echo', error: whyNoSession(error) };
    }
  }

  start(target: Target<CheckSettings>, deadlineMs: number, done: Done): void {
    let open: OpenSession;
    try {
      open = this.#session(target.family);
    } catch (error) {
      done(target, 'checker_permission', NaN, whyNoSession(error));
      return;
    }
    const flight: Flight = { target, startedAt: this.#context.now(), done };
    this.#flights.set(target.slot, flight);
    this.#context.arm(target.slot, deadlineMs);
    open.session.timeout = Math.max(1, Math.ceil((deadlineMs - flight.startedAt) / sends));
    open.session.pingHost(target.address, (error) => this.#onAnswer(flight, error, open.lastCode));
  }

  onTimer(target: Target<CheckSettings>): void {
    const flight = this.#flights.get(target.slot);
    if (flight !== undefined) this.#end(flight, 'ping_timeout', NaN, '');
  }

  /** net-ping cannot recall an echo: it runs out by itself, and its end is ignored. */
  cancel(target: Target<CheckSettings>): void {
    if (this.#flights.delete(target.slot)) this.#context.disarm(target.slot);
  }

  close(): void {
    for (const flight of this.#flights.values()) this.cancel(flight.target as Target<CheckSettings>);
    for (const { session } of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #onAnswer(flight: Flight, error: Error | null, code: number): void {
    if (this.#flights.get(flight.target.slot) !== flight) return;
    if (error === null) {
      this.#end(flight, 'ok', this.#context.now() - flight.startedAt, '');
      return;
    }
    const { reason, detail } = errorReason(error, code);
    this.#end(flight, reason, NaN, detail);
  }

  #end(flight: Flight, reason: Reason, rttMs: number, detail: string): void {
    this.cancel(flight.target as Target<CheckSettings>);
    flight.done(flight.target, reason, rttMs, detail);
  }

  #session(family: Family): OpenSession {
    const known = this.#sessions.get(family);
    if (known !== undefined) return known;
    const open = openSession(family);
    this.#sessions.set(family, open);
    return open;
  }
}

/** @throws where the package is missing, or raw sockets are not permitted */
function openSession(family: Family): OpenSession {
  const netPing = createRequire(import.meta.url)('net-ping') as NetPing;
  const session = netPing.createSession({
    networkProtocol: family === 4 ? netPing.NetworkProtocol.IPv4 : netPing.NetworkProtocol.IPv6,
    // Not the process id, its default: one that stays the same sticks in the sessions of stateful firewalls.
    sessionId: randomInt(1, 65_535),
    retries: sends - 1,
  });
  const open: OpenSession = { session, lastCode: 0 };
  const match = session.fromBuffer.bind(session);
  session.fromBuffer = (packet) => {
    const echo = match(packet);
    if (echo) open.lastCode = echo.code;
    return echo;
  };
  // What a session cannot receive or send is noticed by the timeout.
  session.on('error', () => undefined);
  return open;
}

function whyNoSession(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND') {
    return 'ping needs the package net-ping, which was not installed because raw-socket could not be compiled; install a C++ compiler, make and python3, then run `npm ci` again';
  }
  if (message === 'Operation not permitted') {
    return 'ping needs CAP_NET_RAW; run as root, or grant it: `setcap cap_net_raw+ep $(readlink -f $(which node))`';
  }
  return `ping cannot open a raw socket: ${message}`;
}

/** ICMP “destination unreachable” codes of IPv4 (RFC 792, RFC 1812 section 5.2.7.1); net-ping does not see those of IPv6. */
const unreachableReasons: Readonly<Record<number, Reason>> = {
  0: 'net_unreachable',
  6: 'net_unreachable',
  9: 'admin_prohibited',
  10: 'admin_prohibited',
  11: 'net_unreachable',
  13: 'admin_prohibited',
};

/** strerror's text is all that raw-socket tells. */
const sendErrorReasons: Readonly<Record<string, Reason>> = {
  'Network is unreachable': 'net_unreachable',
  'No route to host': 'host_unreachable',
  'Permission denied': 'checker_permission',
  'Operation not permitted': 'checker_permission',
};

function errorReason(error: Error, code: number): { reason: Reason; detail: string } {
  switch (error.name) {
    case 'RequestTimedOutError':
      return { reason: 'ping_timeout', detail: '' };
    case 'DestinationUnreachableError':
      return { reason: unreachableReasons[code] ?? 'host_unreachable', detail: printable(`ICMP code ${code}: ${error.message}`, 80) };
    case 'TimeExceededError':
      return { reason: 'host_unreachable', detail: printable(error.message, 80) };
    default:
      return { reason: sendErrorReasons[error.message] ?? 'checker_resources', detail: printable(error.message, 80) };
  }
}

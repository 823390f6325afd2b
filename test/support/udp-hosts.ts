/** Hosts that limit their ICMP errors as Linux does, and the UDP probes of one checker to them, on a simulated clock. */
import type { Reason } from '#vitald/health/reasons.js';
import { IcmpErrors } from '#vitald/probes/icmp-errors.js';
import type { Probe, Target } from '#vitald/probes/probe.js';
import { addressKey } from '#vitald/probes/raw/addresses.js';
import type { UdpCompiled } from '#vitald/probes/udp/flight.js';
import { UdpProbe } from '#vitald/probes/udp/probe.js';
import type { OpenUdpSocket } from '#vitald/probes/udp/socket.js';
import { Spread } from '#vitald/schedule/pacing.js';
import { FakeLocalNetwork } from './fake-local-network.js';
import { generator } from './random.js';
import { SimulatedClock } from './simulated-clock.js';

/** inet_peer_xrlim_allow of net/ipv4/inetpeer.c. */
export class ErrorLimit {
  #tokens: number;
  #lastMs = 0;

  /** @param refillMs time between two errors @param burst how many are sent at once @param tokens of them at the start */
  constructor(
    readonly refillMs: number,
    readonly burst = 6,
    tokens = burst,
  ) {
    this.#tokens = tokens;
  }

  allows(nowMs: number): boolean {
    this.#tokens = Math.min(this.burst, this.#tokens + (nowMs - this.#lastMs) / this.refillMs);
    this.#lastMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

export interface HostOptions {
  readonly limit?: ErrorLimit;
  readonly roundTripMs?: number;
  /** The address of the router that the host is behind, and the limit of its errors. */
  readonly router?: { readonly address: string; readonly limit: ErrorLimit };
}

export class UdpHost {
  isOn = true;
  /** Ports that are open; they never answer. */
  readonly open = new Set<number>();
  /** Of these, the ones that do. */
  readonly answering = new Set<number>();
  /** Datagrams that came to each port. */
  readonly received = new Map<number, number>();
  readonly limit: ErrorLimit;
  readonly roundTripMs: number;

  constructor(
    readonly address: string,
    readonly options: HostOptions,
  ) {
    this.limit = options.limit ?? new ErrorLimit(1000);
    this.roundTripMs = options.roundTripMs ?? 1;
  }
}

export interface Ending {
  readonly atMs: number;
  readonly reason: Reason;
  readonly detail: string;
}

const icmpErrors = {
  4: { portUnreachable: { type: 3, code: 3 }, hostUnreachable: { type: 3, code: 1 } },
  6: { portUnreachable: { type: 1, code: 4 }, hostUnreachable: { type: 1, code: 3 } },
} as const;

/** How long a router asks for a host before it reports it. */
const resolvingMs = 3000;

export class UdpWorld {
  readonly clock = new SimulatedClock();
  readonly network = new FakeLocalNetwork();
  readonly icmp: IcmpErrors;
  readonly probe: UdpProbe;
  /** Sockets that are open now, and how many this process may have. */
  openSockets = 0;
  mostSockets = Infinity;
  /** How long the checker was held up since whenever a probe asks. */
  heldUpMs = 0;
  readonly #hosts = new Map<string, UdpHost>();
  /** When a router has given up on a host that it asks for. */
  readonly #resolvedAt = new Map<string, number>();
  readonly #spread = new Spread(0);
  readonly #timers = new Map<number, () => void>();
  readonly #targets = new Map<number, Target<UdpCompiled>>();

  /** @param createPing makes the echo of `ping_first` */
  constructor(seed = 1, createPing?: (world: UdpWorld) => Probe) {
    const random = generator(seed);
    this.icmp = new IcmpErrors(
      () => this.clock.now(),
      (key) => this.network.isOwn(key),
    );
    const context = {
      now: () => this.clock.now(),
      heldUpMs: () => this.heldUpMs,
      network: this.network,
      icmp: this.icmp,
      arm: (slot: number, atMs: number) => {
        this.#timers.get(slot)?.();
        const fire = (readToMs: number): void => this.probe.onTimer(this.#targets.get(slot)!, readToMs);
        this.#timers.set(slot, this.clock.after(atMs - this.clock.now(), fire));
      },
      disarm: (slot: number) => this.#timers.get(slot)?.(),
    };
    this.probe = new UdpProbe(context, {
      openSocket: this.#openSocket,
      sockets: { open: () => 0, icmpError: () => undefined },
      random,
      ...(createPing === undefined ? {} : { ping: createPing(this) }),
    });
  }

  host(address: string, options: HostOptions = {}): UdpHost {
    const host = new UdpHost(address, options);
    this.#hosts.set(address, host);
    const { router } = options;
    if (router !== undefined) this.network.hops.set(address, { isLocal: false, router: addressKey(router.address), neighbor: 'other' });
    return host;
  }

  target(address: string, port: number, timeoutMs: number, options: object = {}): Target<UdpCompiled> {
    const slot = this.#targets.size;
    const compiled = this.probe.compile({ timeoutMs, source: undefined, interface: undefined, options: { udp: options } });
    const target = { slot, address, family: address.includes(':') ? (6 as const) : (4 as const), port, compiled };
    this.#targets.set(slot, target);
    return target;
  }

  /** One probe. @param done called with its ending */
  start(target: Target<UdpCompiled>, timeoutMs: number, done: (ending: Ending) => void): void {
    this.probe.start(target, this.clock.now() + timeoutMs, (_target, reason, _rttMs, detail) =>
      done({ atMs: this.clock.now(), reason, detail }),
    );
  }

  /** Probes a port at a fixed rate from now on. Returns how its probes ended, which grows. */
  check(address: string, port: number, intervalMs: number, timeoutMs: number, options: object = {}): Ending[] {
    const target = this.target(address, port, timeoutMs, options);
    const endings: Ending[] = [];
    let inFlight = false;
    const due = (): void => {
      this.clock.after(intervalMs, due);
      if (inFlight) return;
      inFlight = true;
      this.start(target, timeoutMs, (ending) => {
        inFlight = false;
        endings.push(ending);
      });
    };
    this.clock.after(this.#spread.next(intervalMs), due);
    return endings;
  }

  readonly #openSocket: OpenUdpSocket = ({ address, port, family }, events) => {
    if (this.openSockets >= this.mostSockets) {
      events.failed(Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'socket' }));
      return { send: () => undefined, isConnectedToItself: () => false, close: () => undefined };
    }
    this.openSockets++;
    let isClosed = false;
    this.clock.after(0, () => {
      if (!isClosed) events.connected();
    });
    const error = (icmp: { type: number; code: number }, sender: string): void => {
      if (isClosed) return;
      const received = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'recvmsg' });
      events.failed(received, { ...icmp, sender: addressKey(sender) });
    };
    const { portUnreachable, hostUnreachable } = icmpErrors[family];
    return {
      send: () => {
        const host = this.#hosts.get(address);
        if (host === undefined) return;
        const { router } = host.options;
        this.clock.after(host.roundTripMs / 2, () => {
          if (host.isOn) {
            host.received.set(port, (host.received.get(port) ?? 0) + 1);
            const reply = (): void => (isClosed ? undefined : events.answer(Buffer.from('pong')));
            if (host.answering.has(port)) this.clock.after(host.roundTripMs / 2, reply);
            if (host.open.has(port) || !host.limit.allows(this.clock.now())) return;
            this.clock.after(host.roundTripMs / 2, () => error(portUnreachable, host.address));
          } else if (router !== undefined) {
            this.clock.after(this.#resolve(address), () => {
              if (router.limit.allows(this.clock.now())) error(hostUnreachable, router.address);
            });
          }
        });
      },
      isConnectedToItself: () => false,
      close: () => {
        if (!isClosed) this.openSockets--;
        isClosed = true;
      },
    };
  };

  /** Until the router gives up on the host: 3 s from the first datagram that waits for it. */
  #resolve(address: string): number {
    const now = this.clock.now();
    const known = this.#resolvedAt.get(address) ?? -Infinity;
    const at = known > now ? known : now + resolvingMs;
    this.#resolvedAt.set(address, at);
    return at - now;
  }
}

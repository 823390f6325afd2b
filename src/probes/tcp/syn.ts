/**
 * TCP by half-open SYN (docs/semantics.md item 18): SYN out, SYN-ACK in is a pass, RST is `connect_refused`, an ICMP error ends
 * the probe with its own reason, silence is `connect_timeout`. No socket of this host owns the probe's port, so the
 * kernel answers the SYN-ACK with RST by itself, and the backend's application never sees a connection.
 *
 * A reply is matched by the sequence number: 32 random bits that only this probe knew (invariant 3). Each packet
 * leaves from another port: should one port be in use between the same two addresses, the next packet is not lost too.
 */
import type { CheckSettings, Family, ProbeContext, Target } from '../probe.js';
import { ipv4Number, ipv4Text } from '../raw/addresses.js';
import { ChannelSet, type Binding } from '../raw/channel-set.js';
import { openRawChannel, type OpenChannel, type SendFailure } from '../raw/channel.js';
import { synErrorFilter, synReplyFilter, type PortRange } from '../raw/filter.js';
import { packetsPerProbe } from '../raw/flights.js';
import { loadNative, RawUnavailable } from '../raw/native.js';
import { icmp4, icmp6, protocol, tcpFlag } from '../raw/numbers.js';
import type { Way } from '../raw/destinations.js';
import { quotedIn4, quotedIn6 } from '../raw/quoted.js';
import { RawProbe, refusedToSend, type NoWay, type RawSettings } from '../raw/raw-probe.js';
import { SourceAddressFinder } from '../raw/route.js';
import { checksumAt, reply, sent, synBytes, synTemplate, uint32, writeChecksum4, writeSyn } from './syn-packet.js';

export interface SynSettings extends RawSettings {
  readonly method: 'syn';
}

/** What the probe takes from the machine; tests give a fake channel and a fixed address. */
export interface SynDependencies {
  readonly openChannel: OpenChannel;
  readonly ports: PortRange;
  /** The IPv4 address that the kernel would send from, or why it finds none. */
  findSource(destination: string, device: string | undefined): number | SendFailure;
  close(): void;
}

/**
 * The real machine.
 *
 * @throws RawUnavailable where the native packages are missing
 */
export function synDependencies(ports: PortRange): SynDependencies {
  const { libc } = loadNative();
  const finders = new Map<string | undefined, SourceAddressFinder>();
  return {
    openChannel: openRawChannel,
    ports,
    findSource(destination, device) {
      let finder = finders.get(device);
      if (finder === undefined) finders.set(device, (finder = new SourceAddressFinder(libc, device)));
      return finder.find(destination);
    },
    close() {
      for (const finder of finders.values()) finder.close();
      finders.clear();
    },
  };
}

/** A machine that has more addresses to send from shares one socket among the rest. */
const mostBound = 16;

export class SynProbe extends RawProbe<SynSettings> {
  protected readonly silentReason = 'connect_timeout';
  readonly #deps: SynDependencies;
  readonly #replies: ChannelSet;
  readonly #errors: ChannelSet;
  /** One for all targets that are reached in the same way: a target for itself would be an object for itself. */
  readonly #ways = new Map<string, Way>();
  readonly #packet = synTemplate();
  #nextPort: number;

  constructor(context: ProbeContext, deps: SynDependencies) {
    super(context);
    this.#deps = deps;
    this.#nextPort = deps.ports.first + Math.floor(Math.random() * (deps.ports.last - deps.ports.first));
    this.#replies = new ChannelSet(context.network, deps.openChannel, (family) => ({
      options: {
        family,
        protocol: protocol.tcp,
        filter: synReplyFilter(family, deps.ports),
        packetBytes: synBytes,
        ...(family === 6 && { checksumOffset: checksumAt }),
      },
      receive: family === 4 ? this.#onSegment4 : this.#onSegment6,
      unsent: this.unsent,
    }));
    this.#errors = new ChannelSet(context.network, deps.openChannel, (family) => ({
      options: {
        family,
        protocol: family === 4 ? protocol.icmp : protocol.icmpv6,
        filter: synErrorFilter(family, deps.ports),
        icmpTypes: [family === 4 ? icmp4.unreachable : icmp6.unreachable],
        packetBytes: synBytes,
      },
      receive: family === 4 ? this.#onError4 : this.#onError6,
      unsent: this.unsent,
    }));
  }

  compile(settings: CheckSettings): SynSettings {
    return {
      method: 'syn',
      source: settings.source,
      interface: settings.interface,
      silentDetail: `no answer to ${String(packetsPerProbe)} SYNs in ${String(settings.timeoutMs / 1000)} s`,
    };
  }

  drain(): number {
    return Math.min(this.#replies.drain(), this.#errors.drain());
  }

  protected lostAnswersSince(sinceMs: number): boolean {
    return this.#replies.lostSince(sinceMs);
  }

  protected closeChannels(): void {
    this.#replies.close();
    this.#errors.close();
    this.#deps.close();
  }

  protected problem(family: Family): RawUnavailable | undefined {
    return this.#replies.problem(family);
  }

  protected networkChanged(): void {
    this.#ways.clear();
    this.#replies.networkChanged();
    this.#errors.networkChanged();
  }

  protected findWay({ family, address, compiled }: Target<SynSettings>): Way | NoWay {
    const source = family === 4 ? this.#sourceFor(compiled, address) : 0;
    // `busy` is no answer to a question about a route.
    if (typeof source !== 'number') return refusedToSend[source === 'busy' ? 'failed' : source];
    const key = `${String(family)} ${String(source)} ${compiled.source ?? ''} ${compiled.interface ?? ''}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const way = this.#openWay(family, source, compiled);
    if (!('reason' in way)) this.#ways.set(key, way);
    return way;
  }

  #openWay(family: Family, source: number, compiled: SynSettings): Way | NoWay {
    const channel = family === 4 ? this.#bound(source, compiled) : this.#replies.get(family, compiled);
    if (channel instanceof RawUnavailable) return { reason: channel.reason, detail: channel.message };
    // Errors come from routers to whatever address the probe left from: one unbound socket hears them all.
    this.#errors.get(family, { source: undefined, interface: undefined });
    return { channel, source };
  }

  protected write(target: Target<SynSettings>, secret: number, { channel, source }: Way): void {
    const { family, port } = target;
    const sourcePort = this.#port();
    writeSyn(this.#packet, sourcePort, port, secret);
    if (family === 4) writeChecksum4(this.#packet, source, this.destinations.number(target), sourcePort, port, secret);
    channel.send(this.#packet, this.destinations.recipient(target), secret);
  }

  /**
   * A socket bound to the address that the kernel chose. The kernel copies a segment for every raw socket that it may
   * concern before the filter sees it; a bound one is not concerned by what comes to other addresses.
   */
  #bound(source: number, binding: Binding): ReturnType<ChannelSet['get']> {
    if (binding.source === undefined && this.#replies.size < mostBound) {
      const channel = this.#replies.get(4, { source: ipv4Text(source), interface: binding.interface });
      // The address may be gone again by now.
      if (!(channel instanceof RawUnavailable)) return channel;
    }
    return this.#replies.get(4, binding);
  }

  #sourceFor(settings: SynSettings, address: string): number | SendFailure {
    return settings.source !== undefined ? ipv4Number(settings.source) : this.#deps.findSource(address, settings.interface);
  }

  #port(): number {
    const { first, last } = this.#deps.ports;
    this.#nextPort = this.#nextPort >= last ? first : this.#nextPort + 1;
    return this.#nextPort;
  }

  // Packets as the kernel hands them over: IPv4 from the IP header on, IPv6 from the TCP or ICMPv6 header on.

  readonly #onSegment4 = (packet: Buffer, bytes: number, _source: Uint8Array, ageMs: number): void => {
    const at = (packet[0]! & 0x0f) * 4;
    if (bytes < at + reply.bytesNeeded) return;
    const target = this.claimable(reply.answersSequence(packet, at));
    if (target?.family === 4 && uint32(packet, 12) === this.destinations.number(target)) this.#onSegment(target, packet, at, ageMs);
  };

  readonly #onSegment6 = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number): void => {
    if (bytes < reply.bytesNeeded) return;
    const target = this.claimable(reply.answersSequence(packet, 0));
    if (target !== undefined && this.destinations.isIpv6Of(target, source)) this.#onSegment(target, packet, 0, ageMs);
  };

  #onSegment(target: Target<SynSettings>, packet: Buffer, at: number, ageMs: number): void {
    if (reply.sourcePort(packet, at) !== target.port) return;
    const flags = reply.flags(packet, at);
    if ((flags & tcpFlag.ack) === 0) return;
    if ((flags & tcpFlag.rst) !== 0) this.answered(target, 'connect_refused', 'answered with RST', ageMs);
    else if ((flags & tcpFlag.syn) !== 0) this.answered(target, 'ok', '', ageMs);
  }

  readonly #onError4 = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number): void => {
    const icmp = (packet[0]! & 0x0f) * 4;
    if (packet[icmp] !== icmp4.unreachable) return;
    const quoted = quotedIn4(packet, bytes);
    if (quoted?.protocol !== protocol.tcp) return;
    const target = this.claimable(sent.sequence(packet, quoted.transportAt));
    if (target?.family !== 4 || uint32(packet, quoted.destinationAt) !== this.destinations.number(target)) return;
    if (sent.port(packet, quoted.transportAt) === target.port) this.refused(target, packet[icmp + 1]!, source, ageMs);
  };

  readonly #onError6 = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number): void => {
    if (packet[0] !== icmp6.unreachable) return;
    const quoted = quotedIn6(packet, bytes);
    if (quoted?.protocol !== protocol.tcp) return;
    const target = this.claimable(sent.sequence(packet, quoted.transportAt));
    if (target === undefined || !this.destinations.isIpv6Of(target, packet, quoted.destinationAt)) return;
    if (sent.port(packet, quoted.transportAt) === target.port) this.refused(target, packet[1]!, source, ageMs);
  };
}

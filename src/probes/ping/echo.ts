/**
 * Ping by ICMP echo over a raw socket (docs/semantics.md item 19). RFC 792 and RFC 4443 4.1.
 *
 *    0  type    1  code 0    2  checksum
 *    4  identifier           6  sequence number     the 32-bit secret of this probe
 *    8  mark: this process's own, for the kernel's filter
 *   12  padding to the 56 bytes of data that ping itself sends
 *
 * Identifier and sequence are random for each probe: a constant identifier sticks in firewalls' sessions, and replies
 * that could be guessed could be forged.
 */
import type { CheckSettings, Family, ProbeContext, Readiness, Target } from '../probe.js';
import { ChannelSet } from '../raw/channel-set.js';
import type { OpenChannel, RawChannel } from '../raw/channel.js';
import { echoFilter } from '../raw/filter.js';
import { packetsPerProbe } from '../raw/flights.js';
import { RawUnavailable } from '../raw/native.js';
import { icmp4, icmp6, protocol } from '../raw/numbers.js';
import type { Way } from '../raw/destinations.js';
import { quotedIn4, quotedIn6 } from '../raw/quoted.js';
import { RawProbe, type NoWay, type RawSettings } from '../raw/raw-probe.js';
import { secret32 } from '../raw/secrets.js';

export interface EchoSettings extends RawSettings {
  readonly method: 'echo';
}

const echoBytes = 64;
const markAt = 8;

export class EchoProbe extends RawProbe<EchoSettings> {
  protected readonly silentReason = 'ping_timeout';
  readonly #channels: ChannelSet;
  /** One for all targets that are reached by the same socket. */
  readonly #ways = new Map<RawChannel, Way>();
  readonly #packet4: Buffer;
  readonly #packet6: Buffer;
  readonly #constantSum: number;

  constructor(context: ProbeContext, openChannel: OpenChannel) {
    super(context);
    const mark = secret32();
    this.#packet4 = template(icmp4.echoRequest, mark);
    // The kernel computes the ICMPv6 checksum of raw sockets by itself (RFC 3542 3.1).
    this.#packet6 = template(icmp6.echoRequest, mark);
    this.#constantSum = sumOf(this.#packet4);
    this.#channels = new ChannelSet(context.network, openChannel, (family) => ({
      options: {
        family,
        protocol: family === 4 ? protocol.icmp : protocol.icmpv6,
        filter: echoFilter(family, mark),
        icmpTypes: family === 4 ? [icmp4.echoReply, icmp4.unreachable] : [icmp6.echoReply, icmp6.unreachable],
        packetBytes: echoBytes,
      },
      receive: family === 4 ? this.#onPacket4 : this.#onPacket6,
      unsent: this.unsent,
    }));
  }

  compile(settings: CheckSettings): EchoSettings {
    return {
      method: 'echo',
      source: settings.source,
      interface: settings.interface,
      silentDetail: `no reply to ${String(packetsPerProbe)} echo requests in ${String(settings.timeoutMs / 1000)} s`,
    };
  }

  /** A ping that cannot be made stops nothing else: it is told, and its probes end as `checker_permission`. */
  override ready(compiled: EchoSettings): Readiness {
    const { method, error } = super.ready(compiled);
    return error === undefined
      ? { method }
      : { method, warning: `pings cannot be made, and their backends stay without a verdict: ${error}` };
  }

  drain(): number {
    return this.#channels.drain();
  }

  protected lostAnswersSince(sinceMs: number): boolean {
    return this.#channels.lostSince(sinceMs);
  }

  protected closeChannels(): void {
    this.#channels.close();
  }

  protected problem(family: Family): RawUnavailable | undefined {
    return this.#channels.problem(family);
  }

  protected networkChanged(): void {
    this.#ways.clear();
    this.#channels.networkChanged();
  }

  protected findWay({ family, compiled }: Target<EchoSettings>): Way | NoWay {
    const channel = this.#channels.get(family, compiled);
    if (channel instanceof RawUnavailable) return { reason: channel.reason, detail: channel.message };
    let way = this.#ways.get(channel);
    if (way === undefined) this.#ways.set(channel, (way = { channel, source: 0 }));
    return way;
  }

  protected write(target: Target<EchoSettings>, secret: number, { channel }: Way): void {
    const { family } = target;
    const packet = family === 4 ? this.#packet4 : this.#packet6;
    packet.writeUInt32BE(secret, 4);
    if (family === 4) packet.writeUInt16BE(checksum(this.#constantSum + (secret >>> 16) + (secret & 0xffff)), 2);
    channel.send(packet, this.destinations.recipient(target), secret);
  }

  readonly #onPacket4 = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number): void => {
    const icmp = (packet[0]! & 0x0f) * 4;
    if (bytes < icmp + markAt) return;
    if (packet[icmp] === icmp4.echoReply) {
      const target = this.claimable(packet.readUInt32BE(icmp + 4));
      if (target?.family === 4 && packet.readUInt32BE(12) === this.destinations.number(target)) this.answered(target, 'ok', '', ageMs);
    } else if (packet[icmp] === icmp4.unreachable) {
      const quoted = quotedIn4(packet, bytes);
      if (quoted?.protocol !== protocol.icmp || packet[quoted.transportAt] !== icmp4.echoRequest) return;
      const target = this.claimable(packet.readUInt32BE(quoted.transportAt + 4));
      if (target?.family === 4 && packet.readUInt32BE(quoted.destinationAt) === this.destinations.number(target))
        this.refused(target, packet[icmp + 1]!, source, ageMs);
    }
  };

  readonly #onPacket6 = (packet: Buffer, bytes: number, source: Uint8Array, ageMs: number): void => {
    if (bytes < markAt) return;
    if (packet[0] === icmp6.echoReply) {
      const target = this.claimable(packet.readUInt32BE(4));
      if (target !== undefined && this.destinations.isIpv6Of(target, source)) this.answered(target, 'ok', '', ageMs);
    } else if (packet[0] === icmp6.unreachable) {
      const quoted = quotedIn6(packet, bytes);
      if (quoted?.protocol !== protocol.icmpv6 || packet[quoted.transportAt] !== icmp6.echoRequest) return;
      const target = this.claimable(packet.readUInt32BE(quoted.transportAt + 4));
      if (target !== undefined && this.destinations.isIpv6Of(target, packet, quoted.destinationAt))
        this.refused(target, packet[1]!, source, ageMs);
    }
  };
}

function template(type: number, mark: number): Buffer {
  const packet = Buffer.alloc(echoBytes);
  packet[0] = type;
  packet.writeUInt32BE(mark, markAt);
  for (let i = markAt + 4; i < echoBytes; i++) packet[i] = i;
  return packet;
}

function sumOf(packet: Buffer): number {
  let sum = 0;
  for (let i = 0; i < packet.length; i += 2) sum += packet.readUInt16BE(i);
  return sum;
}

/** RFC 1071, from the sum of all 16-bit words. */
function checksum(sum: number): number {
  const folded = (sum & 0xffff) + (sum >>> 16);
  return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff;
}

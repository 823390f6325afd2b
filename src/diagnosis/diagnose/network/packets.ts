/**
 * Single packets to one address, and what comes back: raw sockets for the steps of a diagnosis. An answer is claimed by
 * a secret of 32 bits that only its packet carried.
 */
import { canonicalAddress, ipv4Number, ipv4Text, ipv6Bytes } from '../../../probes/raw/addresses.js';
import { openRawChannel, type ChannelOptions, type RawChannel, type Recipient, type SendFailure } from '../../../probes/raw/channel.js';
import { acceptAll, acceptNothing, echoFilter, synReplyFilter } from '../../../probes/raw/filter.js';
import { loadNative } from '../../../probes/raw/native.js';
import { icmp4, icmp6, protocol, tcpFlag } from '../../../probes/raw/numbers.js';
import { quotedIn4, quotedIn6 } from '../../../probes/raw/quoted.js';
import { SourceAddressFinder } from '../../../probes/raw/route.js';
import { secret32 } from '../../../probes/raw/secrets.js';
import { localSourcePorts } from '../../../probes/raw/source-ports.js';
import type { Family } from '../../../probes/probe.js';
import { checksumAt, reply, sent, uint32 } from '../../../probes/tcp/syn-packet.js';
import { echoBytes, echoPacket, tcpBytes, tcpPacket } from './packet-bytes.js';

/** Where packets go, and how they leave. */
export interface PacketWay {
  readonly address: string;
  readonly family: Family;
  readonly source: string | undefined;
  readonly interface: string | undefined;
}

/** What is sent. `ack`: a segment that belongs to no connection. */
export type Shot = { readonly kind: 'syn' | 'ack'; readonly port: number; readonly hopLimit?: number } | { readonly kind: 'echo' };

export type PacketAnswer =
  | { readonly kind: 'syn_ack' | 'rst' | 'echo_reply'; readonly rttMs: number; readonly hopsBack: number | undefined }
  | { readonly kind: 'unreachable' | 'time_exceeded'; readonly rttMs: number; readonly code: number; readonly from: string }
  | { readonly kind: 'not_sent'; readonly why: SendFailure }
  | { readonly kind: 'silent' };

export interface Patience {
  /** How often the packet is sent until it is answered. */
  readonly sends: number;
  readonly apartMs: number;
  /** From the first packet to giving up. */
  readonly waitMs: number;
}

interface Waiting {
  readonly shot: Shot;
  readonly sentAt: number;
  readonly end: (answer: PacketAnswer) => void;
}

export class Packets {
  readonly #way: PacketWay;
  readonly #to: Recipient;
  /** The sender's IPv4 address, which the checksum covers, or why there is none; undefined for IPv6. */
  readonly #source: number | SendFailure | undefined;
  readonly #ports = localSourcePorts().range;
  readonly #mark = secret32();
  readonly #channels: RawChannel[] = [];
  /** Of TCP, by hop limit. */
  readonly #tcp = new Map<number | undefined, RawChannel>();
  readonly #echo: RawChannel;
  readonly #waiting = new Map<number, Waiting>();
  #nextPort: number;

  /** @throws RawUnavailable with a sentence, where the permission, a package or the source address is missing */
  constructor(way: PacketWay) {
    const { address, family } = way;
    this.#way = way;
    this.#to = { address, number: family === 4 ? ipv4Number(address) : 0, bytes: family === 6 ? ipv6Bytes(address) : undefined };
    this.#source = family === 4 ? sourceOf(way) : undefined;
    this.#nextPort = this.#ports.first + (secret32() % (this.#ports.last - this.#ports.first));
    try {
      this.#tcp.set(undefined, this.#openTcp({ filter: synReplyFilter(family, this.#ports) }));
      this.#echo = this.#open(
        { protocol: icmpOf(family), filter: echoFilter(family, this.#mark), icmpTypes: [echoReplyOf(family)] },
        this.#onEcho,
      );
      // Errors come to whatever address: this one is bound to none.
      const types = family === 4 ? [icmp4.unreachable, icmp4.timeExceeded] : [icmp6.unreachable, icmp6.timeExceeded];
      const unbound = { source: undefined, interface: undefined };
      this.#open({ protocol: icmpOf(family), filter: acceptAll, icmpTypes: types, ...unbound }, this.#onError);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends until something comes back. Never rejects; an abort is silence. */
  ask(shot: Shot, { sends, apartMs, waitMs }: Patience, signal: AbortSignal): Promise<PacketAnswer> {
    return new Promise((resolve) => {
      const secrets: number[] = [];
      const timers: NodeJS.Timeout[] = [];
      let immediate: NodeJS.Immediate | undefined;
      const end = (answer: PacketAnswer): void => {
        timers.forEach(clearTimeout);
        clearImmediate(immediate);
        for (const secret of secrets) this.#waiting.delete(secret);
        signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const giveUp = (): void => {
        // What has arrived counts, even where this process comes too late to read it.
        for (const channel of this.#channels) channel.drain();
        end({ kind: 'silent' });
      };
      const send = (): void => {
        const secret = secret32();
        secrets.push(secret);
        this.#waiting.set(secret, { shot, sentAt: performance.now(), end });
        this.#send(shot, secret);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      for (let i = 1; i < sends; i++) timers.push(setTimeout(send, i * apartMs));
      timers.push(setTimeout(giveUp, waitMs));
      if (signal.aborted) giveUp();
      // Not at once: whatever else begins in this turn would keep the answer waiting, and count as its time.
      else immediate = setImmediate(send);
    });
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
    for (const { end } of [...this.#waiting.values()]) end({ kind: 'silent' });
  }

  #send(shot: Shot, secret: number): void {
    const { family } = this.#way;
    if (shot.kind === 'echo') {
      this.#echo.send(echoPacket(family, secret, this.#mark), this.#to, secret);
      return;
    }
    if (typeof this.#source === 'string') {
      this.#unsent(secret, this.#source);
      return;
    }
    const pseudo = this.#source === undefined ? undefined : { source: this.#source, destination: this.#to.number };
    const packet = tcpPacket({ sourcePort: this.#port(), port: shot.port, secret, flags: shot.kind, pseudo });
    this.#tcpWith(shot.hopLimit).send(packet, this.#to, secret);
  }

  #port(): number {
    this.#nextPort = this.#nextPort >= this.#ports.last ? this.#ports.first : this.#nextPort + 1;
    return this.#nextPort;
  }

  #tcpWith(hopLimit: number | undefined): RawChannel {
    let channel = this.#tcp.get(hopLimit);
    if (channel === undefined) {
      channel = this.#openTcp({ filter: acceptNothing, ...(hopLimit !== undefined && { hopLimit }) });
      this.#tcp.set(hopLimit, channel);
    }
    return channel;
  }

  #openTcp(options: Pick<ChannelOptions, 'filter' | 'hopLimit'>): RawChannel {
    const sixth = this.#way.family === 6 && { checksumOffset: checksumAt };
    return this.#open({ protocol: protocol.tcp, packetBytes: tcpBytes, ...sixth, ...options }, this.#onSegment);
  }

  #open(
    options: Pick<ChannelOptions, 'protocol' | 'filter'> & Partial<ChannelOptions>,
    receive: (packet: Buffer, bytes: number, source: Uint8Array) => void,
  ): RawChannel {
    const { family, source, interface: device } = this.#way;
    const channel = openRawChannel({ family, packetBytes: echoBytes, source, interface: device, ...options }, receive, this.#unsent);
    this.#channels.push(channel);
    return channel;
  }

  readonly #unsent = (secret: number, why: SendFailure): void => {
    // Not at once: whoever asked may still be about to wait.
    setImmediate(() => this.#waiting.get(secret)?.end({ kind: 'not_sent', why }));
  };

  #answered(secret: number, kind: 'syn_ack' | 'rst' | 'echo_reply', hopsBack: number | undefined): void {
    const waiting = this.#waiting.get(secret);
    waiting?.end({ kind, rttMs: performance.now() - waiting.sentAt, hopsBack });
  }

  // Packets as the kernel hands them over: IPv4 from the IP header on, IPv6 from the TCP or ICMPv6 header on.

  /** Where the transport header begins; undefined where the packet is not from the address that was asked. */
  #startOf(packet: Buffer, source: Uint8Array): number | undefined {
    if (this.#way.family === 4) return uint32(packet, 12) === this.#to.number ? (packet[0]! & 0x0f) * 4 : undefined;
    return Buffer.compare(source, this.#to.bytes!) === 0 ? 0 : undefined;
  }

  #hopsBack(packet: Buffer): number | undefined {
    return this.#way.family === 4 ? hopsFrom(packet[8]!) : undefined;
  }

  readonly #onSegment = (packet: Buffer, bytes: number, source: Uint8Array): void => {
    const at = this.#startOf(packet, source);
    if (at === undefined || bytes < at + reply.bytesNeeded) return;
    const flags = reply.flags(packet, at);
    const acknowledges = (flags & tcpFlag.ack) !== 0;
    // The RST to a segment with ACK has no ACK of its own: its sequence number is what that segment acknowledged.
    const secret = acknowledges ? reply.answersSequence(packet, at) : uint32(packet, at + 4);
    const shot = this.#waiting.get(secret)?.shot;
    if (shot === undefined || shot.kind === 'echo' || shot.port !== reply.sourcePort(packet, at)) return;
    if ((shot.kind === 'syn') !== acknowledges) return;
    if ((flags & tcpFlag.rst) !== 0) this.#answered(secret, 'rst', this.#hopsBack(packet));
    else if ((flags & tcpFlag.syn) !== 0) this.#answered(secret, 'syn_ack', this.#hopsBack(packet));
  };

  readonly #onEcho = (packet: Buffer, bytes: number, source: Uint8Array): void => {
    const at = this.#startOf(packet, source);
    if (at === undefined || bytes < at + 8 || packet[at] !== echoReplyOf(this.#way.family)) return;
    const secret = uint32(packet, at + 4);
    if (this.#waiting.get(secret)?.shot.kind === 'echo') this.#answered(secret, 'echo_reply', this.#hopsBack(packet));
  };

  /** Whether the address at this place is the one that was asked. */
  #wentTo(packet: Buffer, at: number): boolean {
    const { bytes, number } = this.#to;
    return bytes === undefined ? uint32(packet, at) === number : Buffer.compare(packet.subarray(at, at + bytes.length), bytes) === 0;
  }

  readonly #onError = (packet: Buffer, bytes: number, source: Uint8Array): void => {
    const { family } = this.#way;
    const icmp = family === 4 ? (packet[0]! & 0x0f) * 4 : 0;
    const quoted = family === 4 ? quotedIn4(packet, bytes) : quotedIn6(packet, bytes);
    if (quoted === undefined || !this.#wentTo(packet, quoted.destinationAt)) return;
    // Both TCP and echo carry their secret in the second word.
    const waiting = this.#waiting.get(uint32(packet, quoted.transportAt + 4));
    if (waiting === undefined) return;
    const { shot } = waiting;
    if (quoted.protocol !== (shot.kind === 'echo' ? icmpOf(family) : protocol.tcp)) return;
    if (shot.kind !== 'echo' && sent.port(packet, quoted.transportAt) !== shot.port) return;
    const kind = packet[icmp] === (family === 4 ? icmp4.timeExceeded : icmp6.timeExceeded) ? 'time_exceeded' : 'unreachable';
    // “Fragmentation needed” is no verdict.
    if (kind === 'unreachable' && family === 4 && packet[icmp + 1] === 4) return;
    waiting.end({ kind, code: packet[icmp + 1]!, from: addressText(family, source), rttMs: performance.now() - waiting.sentAt });
  };
}

/** The source that the kernel chooses, or why there is none. */
function sourceOf({ address, source, interface: device }: PacketWay): number | SendFailure {
  if (source !== undefined) return ipv4Number(source);
  const finder = new SourceAddressFinder(loadNative().libc, device);
  const found = finder.find(address);
  finder.close();
  return found;
}

const icmpOf = (family: Family): number => (family === 4 ? protocol.icmp : protocol.icmpv6);
const echoReplyOf = (family: Family): number => (family === 4 ? icmp4.echoReply : icmp6.echoReply);

/** Senders begin with 64, 128 or 255; each router takes one. */
function hopsFrom(timeToLive: number): number {
  return [64, 128, 255].find((first) => timeToLive <= first)! - timeToLive;
}

function addressText(family: Family, bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  if (family === 4) return ipv4Text(buffer.readUInt32BE(0));
  return canonicalAddress(Array.from({ length: 8 }, (_, i) => buffer.readUInt16BE(i * 2).toString(16)).join(':'));
}

import { isIPv4 } from 'node:net';
import { ipv6Bytes } from '#vitald/probes/raw/addresses.js';
import type { ChannelOptions, OpenChannel, RawChannel, Receive, SendFailure } from '#vitald/probes/raw/channel.js';

/** A packet that a probe sent. */
export interface Sent {
  readonly packet: Buffer;
  readonly address: string;
  readonly options: ChannelOptions;
}

/**
 * Raw sockets for tests: keeps what is sent, hands in what a test makes up. For packets that no real backend can be
 * made to send: forged, corrupted, late, repeated.
 */
export class FakeNetwork {
  readonly sent: Sent[] = [];
  /** What the next sends result in. */
  sendResult: 'sent' | SendFailure = 'sent';
  readonly #receivers: { readonly options: ChannelOptions; readonly receive: Receive }[] = [];
  opened = 0;
  closed = 0;
  /** Packets that the kernel has dropped. */
  drops = 0;

  readonly open: OpenChannel = (options, receive, unsent): RawChannel => {
    this.opened++;
    this.#receivers.push({ options, receive });
    return {
      send: (packet, { address }, secret) => {
        if (this.sendResult === 'sent') this.sent.push({ packet: Buffer.from(packet), address, options });
        else unsent(secret, this.sendResult);
      },
      drain: () => Infinity,
      drops: () => this.drops,
      close: () => {
        this.closed++;
      },
    };
  };

  /** Hands a packet to every socket of this protocol, as the kernel would. @param bytes how many of `packet` belong to it */
  deliver(protocol: number, packet: Buffer, source: string, ageMs = 0, bytes = packet.length): void {
    const from = isIPv4(source) ? Buffer.from(source.split('.').map(Number)) : ipv6Bytes(source);
    for (const { options, receive } of this.#receivers) if (options.protocol === protocol) receive(packet, bytes, from, ageMs);
  }
}

/** An IPv4 header in front of a payload. */
export function ipv4(source: string, destination: string, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header[8] = 64;
  header[9] = protocol;
  Buffer.from(source.split('.').map(Number)).copy(header, 12);
  Buffer.from(destination.split('.').map(Number)).copy(header, 16);
  return Buffer.concat([header, payload]);
}

/** An IPv6 header in front of a payload. */
export function ipv6(source: string, destination: string, nextHeader: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = nextHeader;
  header[7] = 64;
  return Buffer.concat([header, ipv6Bytes(source), ipv6Bytes(destination), payload]);
}

/** A segment that answers a SYN. */
export function answerTo(syn: Buffer, flags: number, change: (segment: Buffer) => void = () => undefined): Buffer {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(syn.readUInt16BE(2), 0);
  segment.writeUInt16BE(syn.readUInt16BE(0), 2);
  segment.writeUInt32BE(0x1234_5678, 4);
  segment.writeUInt32BE((syn.readUInt32BE(4) + 1) >>> 0, 8);
  segment[12] = 0x50;
  segment[13] = flags;
  change(segment);
  return segment;
}

/** An ICMP error about a packet. */
export function icmpError(type: number, code: number, about: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), about]);
}

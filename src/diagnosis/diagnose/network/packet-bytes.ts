/**
 * The packets of a diagnosis: a TCP header with the flags that are asked for, and an echo request. Sources: RFC 9293
 * 3.1, RFC 792, RFC 4443 4.1, RFC 1071 (checksum).
 */
import type { Family } from '../../../probes/probe.js';
import { icmp4, icmp6, protocol, tcpFlag } from '../../../probes/raw/numbers.js';
import { checksumAt, synBytes } from '../../../probes/tcp/syn-packet.js';

export const tcpBytes = synBytes;
export const echoBytes = 64;
/** Where an echo carries the mark that the kernel's filter looks for. */
const markAt = 8;

export interface TcpFields {
  readonly sourcePort: number;
  readonly port: number;
  /** The sequence number; of a segment without SYN the acknowledgment too, for the RST that answers it repeats that. */
  readonly secret: number;
  readonly flags: 'syn' | 'ack';
  /** IPv4 addresses as numbers; undefined for IPv6, whose checksum the kernel fills in. */
  readonly pseudo: { readonly source: number; readonly destination: number } | undefined;
}

/** A segment of 24 bytes: the header and the maximum segment size, without which some firewalls drop a SYN. */
export function tcpPacket({ sourcePort, port, secret, flags, pseudo }: TcpFields): Buffer {
  const packet = Buffer.alloc(tcpBytes);
  packet.writeUInt16BE(sourcePort, 0);
  packet.writeUInt16BE(port, 2);
  packet.writeUInt32BE(secret, 4);
  if (flags === 'ack') packet.writeUInt32BE(secret, 8);
  packet[12] = (tcpBytes / 4) << 4;
  packet[13] = tcpFlag[flags];
  packet.writeUInt16BE(64240, 14);
  // A segment without SYN may not carry the option: the four bytes stay 0, end of options.
  if (flags === 'syn') packet.writeUInt32BE(0x0204_05b4, 20);
  if (pseudo !== undefined) {
    const header = Buffer.alloc(12);
    header.writeUInt32BE(pseudo.source, 0);
    header.writeUInt32BE(pseudo.destination, 4);
    header[9] = protocol.tcp;
    header.writeUInt16BE(tcpBytes, 10);
    packet.writeUInt16BE(checksum(header, packet), checksumAt);
  }
  return packet;
}

/** An echo request whose identifier and sequence number are the secret. The kernel fills in the checksum of ICMPv6. */
export function echoPacket(family: Family, secret: number, mark: number): Buffer {
  const packet = Buffer.alloc(echoBytes);
  packet[0] = family === 4 ? icmp4.echoRequest : icmp6.echoRequest;
  packet.writeUInt32BE(secret, 4);
  packet.writeUInt32BE(mark, markAt);
  if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

function checksum(...parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) for (let i = 0; i < part.length; i += 2) sum += part.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

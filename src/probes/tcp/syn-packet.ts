/**
 * The SYN that a half-open probe sends, and what of a reply matters. Source: RFC 9293 3.1 (header), 3.10.7.3 (an
 * acceptable answer to a SYN acknowledges exactly its sequence number + 1).
 *
 * A segment is 24 bytes: the header and one option, maximum segment size, which every real SYN carries; some
 * firewalls drop those that do not.
 *
 *    0  source port        2  destination port
 *    4  sequence number: the secret of this probe
 *    8  acknowledgment 0
 *   12  data offset 6      13  flags SYN      14  window
 *   16  checksum           18  urgent 0
 *   20  option 2, length 4, 1460
 */
import { tcpFlag } from '../raw/numbers.js';

export const synBytes = 24;
/** Where the checksum lies, for IPV6_CHECKSUM. */
export const checksumAt = 16;

const window = 64240;
const maximumSegmentSize = 1460;
const dataOffset = (synBytes / 4) << 4;

/** A packet to be filled in again and again. */
export function synTemplate(): Buffer {
  const packet = Buffer.alloc(synBytes);
  packet[12] = dataOffset;
  packet[13] = tcpFlag.syn;
  packet.writeUInt16BE(window, 14);
  packet[20] = 2;
  packet[21] = 4;
  packet.writeUInt16BE(maximumSegmentSize, 22);
  return packet;
}

/** The words of the template and of the IPv4 pseudo header that never change: protocol 6, length, offset and flags, window, option. */
const constantSum = 6 + synBytes + ((dataOffset << 8) | tcpFlag.syn) + window + ((2 << 8) | 4) + maximumSegmentSize;

/** Fills in everything but the checksum. */
export function writeSyn(packet: Buffer, sourcePort: number, port: number, secret: number): void {
  packet[0] = sourcePort >>> 8;
  packet[1] = sourcePort & 0xff;
  packet[2] = port >>> 8;
  packet[3] = port & 0xff;
  packet[4] = secret >>> 24;
  packet[5] = (secret >>> 16) & 0xff;
  packet[6] = (secret >>> 8) & 0xff;
  packet[7] = secret & 0xff;
}

/**
 * The IPv4 checksum (RFC 1071) of a packet filled in by {@link writeSyn}.
 *
 * @param source, destination IPv4 addresses as numbers
 */
export function writeChecksum4(
  packet: Buffer,
  source: number,
  destination: number,
  sourcePort: number,
  port: number,
  secret: number,
): void {
  let sum =
    constantSum +
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    sourcePort +
    port +
    (secret >>> 16) +
    (secret & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff;
  packet[checksumAt] = checksum >>> 8;
  packet[checksumAt + 1] = checksum & 0xff;
}

/** Reads fields of a reply at `at`, the first byte of its TCP header. No object is made for a packet. */
export const reply = {
  bytesNeeded: 14,
  sourcePort: (packet: Buffer, at: number): number => (packet[at]! << 8) | packet[at + 1]!,
  /** The sequence number of the SYN that this answers: acknowledgment - 1. */
  answersSequence: (packet: Buffer, at: number): number => (uint32(packet, at + 8) - 1) >>> 0,
  flags: (packet: Buffer, at: number): number => packet[at + 13]!,
};

/** Reads fields of a SYN that an ICMP error quotes, at the first byte of its TCP header. */
export const sent = {
  port: (packet: Buffer, at: number): number => (packet[at + 2]! << 8) | packet[at + 3]!,
  sequence: (packet: Buffer, at: number): number => uint32(packet, at + 4),
};

export function uint32(packet: Buffer, at: number): number {
  return ((packet[at]! << 24) | (packet[at + 1]! << 16) | (packet[at + 2]! << 8) | packet[at + 3]!) >>> 0;
}

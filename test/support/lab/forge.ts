/** ICMP errors about packets that were really sent, with parts of the quoted packet changed: what a forger could send. */
import { addressOfKey, ipv6Bytes, sockaddr } from '#vitald/probes/raw/addresses.js';
import { loadLibc, type Libc } from '#vitald/probes/raw/native.js';
import { icmp4, icmp6, protocol } from '#vitald/probes/raw/numbers.js';
import type { Forging } from './agent-messages.js';

const [AF_INET, AF_INET6, AF_PACKET] = [2, 10, 17] as const;
const [SOCK_DGRAM, SOCK_RAW] = [2, 3] as const;
const ETH_P_ALL_NETWORK_ORDER = 0x0300;
const MSG_DONTWAIT = 0x40;
const UDP = 17;
const prohibited = { 4: 13, 6: 1 } as const;
/** IP header and more than 8 bytes behind it. */
const quotedBytes = 64;

/** Where things lie in a packet without options and extension headers. */
const layouts = {
  4: { version: 4, protocolAt: 9, sourceAt: 12, destinationAt: 16, addressBytes: 4, transportAt: 20 },
  6: { version: 6, protocolAt: 6, sourceAt: 8, destinationAt: 24, addressBytes: 16, transportAt: 40 },
} as const;

/**
 * Waits for the first packet to an address of this node, and answers it with "administratively prohibited".
 *
 * @throws Error if none comes in time
 */
export async function forge({ to, kind, change, withinMs }: Forging): Promise<void> {
  const libc = loadLibc()!;
  const family = to.includes(':') ? 6 : 4;
  const packet = await firstPacket(libc, family, addressBytes(to), protocolOf(family, kind), withinMs);
  const { sourceAt, addressBytes: length, destinationAt, transportAt } = layouts[family];
  const source = addressOfKey(packet.toString('hex', sourceAt, sourceAt + length));
  // The first byte of the sequence number: the kernel takes a number that is one too high for its own.
  const changedAt = { address: destinationAt + length - 1, port: transportAt + 3, sequence: transportAt + 4 };
  if (change !== 'nothing') packet[changedAt[change]]! ^= 1;
  sendError(libc, family, source, packet);
}

function protocolOf(family: 4 | 6, kind: Forging['kind']): number {
  if (kind === 'icmp') return family === 4 ? protocol.icmp : protocol.icmpv6;
  return kind === 'tcp' ? protocol.tcp : UDP;
}

function addressBytes(address: string): Buffer {
  return address.includes(':') ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
}

async function firstPacket(libc: Libc, family: 4 | 6, to: Buffer, wanted: number, withinMs: number): Promise<Buffer> {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM, ETH_P_ALL_NETWORK_ORDER);
  if (fd < 0) throw new Error(`no packet socket (errno ${libc.errno()})`);
  const { version, protocolAt, destinationAt, addressBytes: length, transportAt } = layouts[family];
  const packet = Buffer.alloc(2048);
  try {
    for (const endMs = performance.now() + withinMs; performance.now() < endMs; await pause(1)) {
      for (;;) {
        const bytes = libc.receive(fd, packet, packet.length, MSG_DONTWAIT);
        if (bytes < 0) break;
        if (bytes < transportAt + 8 || packet[0]! >>> 4 !== version || packet[protocolAt] !== wanted) continue;
        // Neighbor discovery is ICMPv6 too.
        if (wanted === protocol.icmpv6 && packet[transportAt] !== icmp6.echoRequest) continue;
        if (packet.subarray(destinationAt, destinationAt + length).equals(to)) return packet.subarray(0, Math.min(bytes, quotedBytes));
      }
    }
  } finally {
    libc.close(fd);
  }
  throw new Error(`no packet to ${to.toString('hex')} in ${withinMs} ms`);
}

function sendError(libc: Libc, family: 4 | 6, to: string, about: Buffer): void {
  const error = Buffer.concat([
    Buffer.from([family === 4 ? icmp4.unreachable : icmp6.unreachable, prohibited[family], 0, 0, 0, 0, 0, 0]),
    about,
  ]);
  // The kernel fills in the checksum of ICMPv6 by itself.
  if (family === 4) error.writeUInt16BE(checksum(error), 2);
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_RAW, family === 4 ? protocol.icmp : protocol.icmpv6);
  const address = sockaddr(family, to, 0);
  try {
    if (libc.connect(fd, address, address.length) !== 0 || libc.send(fd, error, error.length, 0) < 0)
      throw new Error(`the error could not be sent to ${to} (errno ${libc.errno()})`);
  } finally {
    libc.close(fd);
  }
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

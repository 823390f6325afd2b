/**
 * Packets that pretend to come from a backend: what an attacker sends who knows the addresses, ports and kinds of all probes,
 * but sees none of them. Checksums are right, since the kernel drops some packets whose are not.
 */
import { loadNative, type Libc } from '#vitald/probes/raw/native.js';
import { ipv4Number, ipv6Bytes, sockaddr } from '#vitald/probes/raw/addresses.js';
import { icmp4, icmp6, protocol } from '#vitald/probes/raw/numbers.js';
import { generator } from '../random.js';
import type { Impersonated, Impersonation } from './agent-messages.js';

const SOCK_RAW = 3;
/** Packets come with their IP header (raw(7)). */
const IPPROTO_RAW = 255;
const AF_INET = 2;
const AF_INET6 = 10;
const udp = 17;
const packetsPerTurn = 500;

type Family = 4 | 6;

function addressBytes(family: Family, address: string): Buffer {
  if (family === 6) return ipv6Bytes(address);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ipv4Number(address));
  return bytes;
}

/** RFC 1071. */
function checksum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function pseudoHeader(family: Family, from: string, to: string, next: number, length: number): Buffer {
  const tail = Buffer.from(family === 4 ? [0, next, length >> 8, length & 0xff] : [0, 0, length >> 8, length & 0xff, 0, 0, 0, next]);
  return Buffer.concat([addressBytes(family, from), addressBytes(family, to), tail]);
}

function ipHeader(family: Family, from: string, to: string, next: number, length: number): Buffer {
  const header = Buffer.alloc(family === 4 ? 12 : 8);
  if (family === 4) {
    header[0] = 0x45;
    header.writeUInt16BE(20 + length, 2);
    header[8] = 64;
    header[9] = next;
  } else {
    header[0] = 0x60;
    header.writeUInt16BE(length, 4);
    header[6] = next;
    header[7] = 64;
  }
  const whole = Buffer.concat([header, addressBytes(family, from), addressBytes(family, to)]);
  if (family === 4) whole.writeUInt16BE(checksum(whole), 10);
  return whole;
}

interface Names extends Impersonation {
  readonly family: Family;
  readonly random: () => number;
}

const upTo = (random: () => number, limit: number): number => Math.floor(random() * limit);

function probePort({ random, ports }: Names): number {
  return ports.first + upTo(random, ports.last - ports.first + 1);
}

/** SYN-ACK, RST with ACK, RST, and FIN with ACK. */
const flags = [0x12, 0x14, 0x04, 0x11];

function segment(names: Names, from: string): Buffer {
  const { family, checker, checkPort, random } = names;
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(checkPort, 0);
  tcp.writeUInt16BE(probePort(names), 2);
  tcp.writeUInt32BE(upTo(random, 2 ** 32), 4);
  tcp.writeUInt32BE(upTo(random, 2 ** 32), 8);
  tcp[12] = 0x50;
  tcp[13] = flags[upTo(random, flags.length)]!;
  tcp.writeUInt16BE(checksum(pseudoHeader(family, from, checker, protocol.tcp, tcp.length), tcp), 16);
  return Buffer.concat([ipHeader(family, from, checker, protocol.tcp, tcp.length), tcp]);
}

function icmp({ family, checker }: Names, from: string, message: Buffer): Buffer {
  const next = family === 4 ? protocol.icmp : protocol.icmpv6;
  const pseudo = family === 4 ? [] : [pseudoHeader(family, from, checker, next, message.length)];
  message.writeUInt16BE(checksum(...pseudo, message), 2);
  return Buffer.concat([ipHeader(family, from, checker, next, message.length), message]);
}

function echoReply(names: Names, from: string): Buffer {
  const message = Buffer.alloc(64, 0x41);
  message.fill(0, 0, 4);
  message[0] = names.family === 4 ? icmp4.echoReply : icmp6.echoReply;
  message.writeUInt32BE(upTo(names.random, 2 ** 32), 4);
  return icmp(names, from, message);
}

/** The first bytes of a packet that the checker never sent. */
function quoted(names: Names): Buffer {
  const { family, checker, backend, checkPort, random } = names;
  const inner = Buffer.alloc(24);
  const next = [protocol.tcp, udp, family === 4 ? protocol.icmp : protocol.icmpv6][upTo(random, 3)]!;
  if (next === protocol.tcp || next === udp) {
    inner.writeUInt16BE(probePort(names), 0);
    inner.writeUInt16BE(checkPort, 2);
  } else inner[0] = family === 4 ? icmp4.echoRequest : icmp6.echoRequest;
  if (next !== udp) inner.writeUInt32BE(upTo(random, 2 ** 32), 4);
  return Buffer.concat([ipHeader(family, checker, backend, next, inner.length), inner]);
}

/** Destination unreachable, of any code. */
function error(names: Names, from: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = names.family === 4 ? icmp4.unreachable : icmp6.unreachable;
  head[1] = upTo(names.random, names.family === 4 ? 16 : 8);
  return icmp(names, from, Buffer.concat([head, quoted(names)]));
}

function packet(names: Names): Buffer {
  // Half of them in the name of the backend, half in that of a stranger.
  const from = names.random() < 0.5 ? names.backend : names.stranger;
  return [segment, echoReply, error][upTo(names.random, 3)]!(names, from);
}

function openRaw(libc: Libc, family: Family, to: string): number {
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW);
  const address = sockaddr(family, to, 0);
  if (fd < 0 || libc.connect(fd, address, address.length) !== 0) throw new Error(`no raw socket (errno ${libc.errno()})`);
  return fd;
}

/** Sends forged packets to the checker for this time. */
export async function impersonate(what: Impersonation): Promise<Impersonated> {
  const { libc } = loadNative();
  const family = what.checker.includes(':') ? 6 : 4;
  const names: Names = { ...what, family, random: generator(what.seed) };
  const fd = openRaw(libc, family, what.checker);
  let packets = 0;
  const until = performance.now() + what.forMs;
  while (performance.now() < until) {
    for (let i = 0; i < packetsPerTurn; i++) {
      const bytes = packet(names);
      if (libc.send(fd, bytes, bytes.length, 0) === bytes.length) packets++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  libc.close(fd);
  return { packets };
}

/**
 * Classic BPF programs (Linux `Documentation/networking/filter.rst`) that the kernel runs on every packet before it
 * reaches a raw socket. Without them a raw TCP socket is handed every segment that the host receives: beside a busy
 * load balancer that alone would cost most of a core and overflow the socket's buffer, which means false timeouts.
 */

import type { Family } from '../probe.js';
import { icmp4, icmp6, protocol } from './numbers.js';

/** One instruction before its jumps are resolved: jumps name a label, or fall through. */
interface Step {
  readonly code: number;
  readonly k: number;
  readonly yes?: string;
  readonly no?: string;
  readonly label?: string;
}

const op = {
  /** A = the half-word at [k] */ loadHalf: 0x28,
  /** A = the byte at [k] */ loadByte: 0x30,
  /** A = the word at [X + k] */ loadWordAtX: 0x40,
  /** A = the half-word at [X + k] */ loadHalfAtX: 0x48,
  /** A = the byte at [X + k] */ loadByteAtX: 0x50,
  /** X = 4 * ([k] & 0xf): the length of an IPv4 header */ loadHeaderLength: 0xb1,
  /** A = the word at [k] */ loadWord: 0x20,
  ifEqual: 0x15,
  ifGreater: 0x25,
  ifAtLeast: 0x35,
  ifAnyBit: 0x45,
  and: 0x54,
  shiftLeft: 0x64,
  addX: 0x0c,
  moveAToX: 0x07,
  return: 0x06,
} as const;

const icmpHeaderBytes = 8;
/** An ICMP error carries the packet that it is about behind its own header. */
const inner = icmpHeaderBytes;
const ipv4ProtocolAt = 9;
const ipv6NextHeaderAt = 6;
const ipv6HeaderBytes = 40;

const accept: Step = { code: op.return, k: 0xffff, label: 'accept' };
const reject: Step = { code: op.return, k: 0, label: 'reject' };

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * For a raw TCP socket: only RST, or SYN+ACK, to a port of the range. IPv4 packets begin with the IP header, IPv6
 * packets with the TCP header.
 */
export function synReplyFilter(family: Family, ports: PortRange): Buffer {
  const rst = 0x04;
  const synAck = 0x12;
  const fields: Step[] =
    family === 4
      ? [{ code: op.loadHeaderLength, k: 0 }, { code: op.loadHalfAtX, k: 2 }, ...portTest(ports), { code: op.loadByteAtX, k: 13 }]
      : [{ code: op.loadHalf, k: 2 }, ...portTest(ports), { code: op.loadByte, k: 13 }];
  return assemble([
    ...fields,
    { code: op.ifAnyBit, k: rst, yes: 'accept' },
    { code: op.and, k: synAck },
    { code: op.ifEqual, k: synAck, yes: 'accept', no: 'reject' },
    accept,
    reject,
  ]);
}

/** For a raw ICMP socket: only “destination unreachable” about a TCP segment that left from a port of the range. */
export function synErrorFilter(family: Family, ports: PortRange): Buffer {
  return family === 4
    ? assemble([
        { code: op.loadHeaderLength, k: 0 },
        { code: op.loadByteAtX, k: 0 },
        { code: op.ifEqual, k: icmp4.unreachable, no: 'reject' },
        { code: op.loadByteAtX, k: inner + ipv4ProtocolAt },
        { code: op.ifEqual, k: protocol.tcp, no: 'reject' },
        ...skipInnerHeader,
        { code: op.loadHalfAtX, k: inner },
        ...portTest(ports),
        accept,
        reject,
      ])
    : assemble([
        { code: op.loadByte, k: 0 },
        { code: op.ifEqual, k: icmp6.unreachable, no: 'reject' },
        { code: op.loadByte, k: inner + ipv6NextHeaderAt },
        { code: op.ifEqual, k: protocol.tcp, no: 'reject' },
        { code: op.loadHalf, k: inner + ipv6HeaderBytes },
        ...portTest(ports),
        accept,
        reject,
      ]);
}

/**
 * For a raw ICMP socket: only echo replies whose data begin with this process's mark, and “destination unreachable”
 * about an echo request.
 */
export function echoFilter(family: Family, mark: number): Buffer {
  return family === 4
    ? assemble([
        { code: op.loadHeaderLength, k: 0 },
        { code: op.loadByteAtX, k: 0 },
        { code: op.ifEqual, k: icmp4.echoReply, no: 'error' },
        { code: op.loadWordAtX, k: icmpHeaderBytes },
        { code: op.ifEqual, k: mark, yes: 'accept', no: 'reject' },
        { code: op.ifEqual, k: icmp4.unreachable, no: 'reject', label: 'error' },
        { code: op.loadByteAtX, k: inner + ipv4ProtocolAt },
        { code: op.ifEqual, k: protocol.icmp, yes: 'accept', no: 'reject' },
        accept,
        reject,
      ])
    : assemble([
        { code: op.loadByte, k: 0 },
        { code: op.ifEqual, k: icmp6.echoReply, no: 'error' },
        { code: op.loadWord, k: icmpHeaderBytes },
        { code: op.ifEqual, k: mark, yes: 'accept', no: 'reject' },
        { code: op.ifEqual, k: icmp6.unreachable, no: 'reject', label: 'error' },
        { code: op.loadByte, k: inner + ipv6NextHeaderAt },
        { code: op.ifEqual, k: protocol.icmpv6, yes: 'accept', no: 'reject' },
        accept,
        reject,
      ]);
}

/** X += 4 * ([X + 8] & 0xf): afterwards [X + 8] is the first byte behind the inner IP header. */
const skipInnerHeader: Step[] = [
  { code: op.loadByteAtX, k: 8 },
  { code: op.and, k: 0x0f },
  { code: op.shiftLeft, k: 2 },
  { code: op.addX, k: 0 },
  { code: op.moveAToX, k: 0 },
];

function portTest(ports: PortRange): Step[] {
  return [
    { code: op.ifAtLeast, k: ports.first, no: 'reject' },
    { code: op.ifGreater, k: ports.last, yes: 'reject' },
  ];
}

/** Resolves labels and encodes an array of `struct sock_filter` in this machine's byte order. */
function assemble(steps: readonly Step[]): Buffer {
  const places = new Map(steps.flatMap((step, place) => (step.label === undefined ? [] : [[step.label, place] as const])));
  const distance = (from: number, label: string | undefined): number => (label === undefined ? 0 : places.get(label)! - from - 1);
  const program = new ArrayBuffer(steps.length * 8);
  const halves = new Uint16Array(program);
  const bytes = new Uint8Array(program);
  const words = new Uint32Array(program);
  steps.forEach((step, place) => {
    halves[place * 4] = step.code;
    bytes[place * 8 + 2] = distance(place, step.yes);
    bytes[place * 8 + 3] = distance(place, step.no);
    words[place * 2 + 1] = step.k;
  });
  return Buffer.from(program);
}

/** For a socket that only sends. */
export const acceptNothing = assemble([reject]);
/** For an ICMP socket that its types filter enough. */
export const acceptAll = assemble([accept]);

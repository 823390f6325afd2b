/**
 * The messages of rtnetlink(7) that say which interfaces, addresses, routes and neighbors this machine has. Pure: bytes in, facts
 * out. Numbers are in this machine's byte order, which is little-endian wherever vitald runs.
 *
 *   nlmsghdr   length 4 │ type 2 │ flags 2 │ sequence 4 │ port 4
 *   payload    ifinfomsg (16 bytes), ifaddrmsg (8), rtmsg (12) or ndmsg (12), by type
 *   attributes length 2 │ type 2 │ value, padded to 4 bytes …
 */
import type { Family } from '../probes/probe.js';
import { addressKey, AF_INET, AF_INET6 } from '../probes/raw/addresses.js';

export const messageType = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  getRoute: 26,
  newNeighbor: 28,
  getNeighbor: 30,
} as const;

const requestFlag = 1;
const dumpFlags = 0x300;
const headerBytes = 16;
const linkBytes = 16;
const addressBytes = 8;
const routeBytes = 12;
const neighborBytes = 12;
/** The error number of an nlmsgerr; the request that follows it is not read. */
const errorBytes = 4;

/** Interface flags: switched on, and with a carrier (netdevice(7), `IFF_LOWER_UP` of linux/if.h). */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_LOWER_UP = 0x10000;
/** RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h. */
const skipStatistics = 8;

const attribute = {
  address: 1,
  local: 2,
  interfaceName: 3,
  /** What to leave out of a link's message, or to add (IFLA_EXT_MASK of linux/if_link.h). */
  linkMask: 29,
  /** How often the carrier has come or gone (IFLA_CARRIER_CHANGES of linux/if_link.h). */
  carrierChanges: 35,
  routeDestination: 1,
  routeSource: 2,
  routeInterface: 4,
  routeGateway: 5,
  /** A gateway of another family (RFC 5549): its family in 2 bytes, then its address. */
  routeVia: 18,
  neighborDestination: 1,
} as const;

/** Addresses that cannot be used yet (duplicate address detection) or never (it failed). */
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

/** Route types of rtnetlink(7). */
const RTN_LOCAL = 2;

/** States of a neighbor entry (linux/neighbour.h): being resolved for the first time, and given up. */
const NUD_INCOMPLETE = 0x01;
const NUD_FAILED = 0x20;

export interface LinkMessage {
  readonly kind: 'link';
  readonly index: number;
  readonly name: string;
  readonly removed: boolean;
  readonly loopback: boolean;
  readonly up: boolean;
  /** Up, and with a carrier. */
  readonly running: boolean;
  /** How often the carrier has come or gone since the interface was made. */
  readonly carrierChanges: number;
}

export interface AddressMessage {
  readonly kind: 'address';
  readonly family: Family;
  readonly index: number;
  /** As {@link addressKey} spells it. */
  readonly address: string;
  readonly removed: boolean;
}

export interface RouteMessage {
  readonly kind: 'route';
  /** 0 when the route leads nowhere. */
  readonly interfaceIndex: number;
  /** The destination is an address of this machine. */
  readonly isLocal: boolean;
  /** The router that the packet is handed to, as {@link addressKey} spells it; undefined: the destination itself. */
  readonly gateway: string | undefined;
}

export interface NeighborMessage {
  readonly kind: 'neighbor';
  readonly state: 'incomplete' | 'failed' | 'other';
}

/** Ends an answer: 0, or the error number. */
export interface EndMessage {
  readonly kind: 'end';
  readonly errno: number;
}

export type NetlinkMessage = LinkMessage | AddressMessage | RouteMessage | NeighborMessage | EndMessage;

/** A request for all interfaces, or all addresses. */
export function dumpRequest(type: number): Buffer {
  const request = Buffer.alloc(headerBytes + linkBytes);
  writeHeader(request, type, requestFlag | dumpFlags);
  return request;
}

/** A request for the present state of one interface. */
export function linkRequest(index: number): Buffer {
  const message = Buffer.alloc(headerBytes + linkBytes);
  message.writeInt32LE(index, headerBytes + 4);
  const request = Buffer.concat([message, attributeOf(attribute.linkMask, Buffer.from(new Uint32Array([skipStatistics]).buffer))]);
  writeHeader(request, messageType.getLink, requestFlag);
  return request;
}

/** A request for the route to one destination. @param source, interfaceIndex what the packet is bound to; 0 for none */
export function routeRequest(family: Family, destination: string, source: string | undefined, interfaceIndex: number): Buffer {
  const address = (text: string): Buffer => Buffer.from(addressKey(text), 'hex');
  const attributes = [attributeOf(attribute.routeDestination, address(destination))];
  if (source !== undefined) attributes.push(attributeOf(attribute.routeSource, address(source)));
  if (interfaceIndex !== 0) attributes.push(attributeOf(attribute.routeInterface, Buffer.from(new Uint32Array([interfaceIndex]).buffer)));
  const message = Buffer.alloc(headerBytes + routeBytes);
  message[headerBytes] = family === 4 ? AF_INET : AF_INET6;
  message[headerBytes + 1] = family === 4 ? 32 : 128;
  if (source !== undefined) message[headerBytes + 2] = message[headerBytes + 1]!;
  const request = Buffer.concat([message, ...attributes]);
  writeHeader(request, messageType.getRoute, requestFlag);
  return request;
}

/** A request for one entry of the neighbor table (Linux 5.0 and later). @param key the address, as {@link addressKey} spells it */
export function neighborRequest(key: string, interfaceIndex: number): Buffer {
  const address = Buffer.from(key, 'hex');
  const message = Buffer.alloc(headerBytes + neighborBytes);
  message[headerBytes] = address.length === 4 ? AF_INET : AF_INET6;
  message.writeInt32LE(interfaceIndex, headerBytes + 4);
  const request = Buffer.concat([message, attributeOf(attribute.neighborDestination, address)]);
  writeHeader(request, messageType.getNeighbor, requestFlag);
  return request;
}

function writeHeader(request: Buffer, type: number, flags: number): void {
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(type, 4);
  request.writeUInt16LE(flags, 6);
}

function attributeOf(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(padded(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

const padded = (length: number): number => (length + 3) & ~3;

/** All messages in one datagram of the kernel; unknown ones, and those that are too short for their type, are left out. */
export function* readMessages(datagram: Buffer): Generator<NetlinkMessage> {
  for (let at = 0; at + headerBytes <= datagram.length;) {
    const length = datagram.readUInt32LE(at);
    if (length < headerBytes || at + length > datagram.length) return;
    const message = readMessage(datagram.readUInt16LE(at + 4), datagram.subarray(at + headerBytes, at + length));
    if (message !== undefined) yield message;
    at += padded(length);
  }
}

/** Bytes that each type of message has before its attributes. */
const payloadBytes: Readonly<Record<number, number>> = {
  [messageType.newLink]: linkBytes,
  [messageType.delLink]: linkBytes,
  [messageType.newAddress]: addressBytes,
  [messageType.delAddress]: addressBytes,
  [messageType.newRoute]: routeBytes,
  [messageType.newNeighbor]: neighborBytes,
  [messageType.error]: errorBytes,
};

function readMessage(type: number, payload: Buffer): NetlinkMessage | undefined {
  if (payload.length < (payloadBytes[type] ?? 0)) return undefined;
  switch (type) {
    case messageType.newLink:
    case messageType.delLink:
      return readLink(payload, type === messageType.delLink);
    case messageType.newAddress:
    case messageType.delAddress:
      return readAddress(payload, type === messageType.delAddress);
    case messageType.newRoute:
      return readRoute(payload);
    case messageType.newNeighbor:
      return readNeighbor(payload);
    case messageType.error:
      return { kind: 'end', errno: -payload.readInt32LE(0) };
    case messageType.done:
      return { kind: 'end', errno: 0 };
    default:
      return undefined;
  }
}

function readLink(payload: Buffer, removed: boolean): LinkMessage | undefined {
  // A bridge reports its ports once more, by messages of another family.
  if (payload[0] !== 0) return undefined;
  const flags = payload.readUInt32LE(8);
  const up = (flags & IFF_UP) !== 0;
  const attributes = attributesOf(payload, linkBytes);
  const name = attributes.get(attribute.interfaceName);
  const changes = attributes.get(attribute.carrierChanges);
  return {
    kind: 'link',
    index: payload.readInt32LE(4),
    name: name === undefined ? '' : name.toString('latin1').replace(/\0.*$/s, ''),
    removed,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    up,
    running: up && (flags & IFF_LOWER_UP) !== 0,
    carrierChanges: changes?.length === 4 ? changes.readUInt32LE(0) : 0,
  };
}

const ipBytes = { 4: 4, 6: 16 } as const;

function readAddress(payload: Buffer, removed: boolean): AddressMessage | undefined {
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  const attributes = attributesOf(payload, addressBytes);
  // On a point-to-point link ADDRESS is the other end, and LOCAL this machine's.
  const bytes = attributes.get(attribute.local) ?? attributes.get(attribute.address);
  if (family === undefined || bytes?.length !== ipBytes[family]) return undefined;
  const unusable = (payload[2]! & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0;
  return { kind: 'address', family, index: payload.readUInt32LE(4), address: bytes.toString('hex'), removed: removed || unusable };
}

function readRoute(payload: Buffer): RouteMessage {
  const attributes = attributesOf(payload, routeBytes);
  const index = attributes.get(attribute.routeInterface);
  const gateway = attributes.get(attribute.routeGateway) ?? attributes.get(attribute.routeVia)?.subarray(2);
  return {
    kind: 'route',
    interfaceIndex: index?.length === 4 ? index.readUInt32LE(0) : 0,
    isLocal: payload[7] === RTN_LOCAL,
    gateway: gateway?.toString('hex'),
  };
}

function readNeighbor(payload: Buffer): NeighborMessage {
  const state = payload.readUInt16LE(8);
  if ((state & NUD_FAILED) !== 0) return { kind: 'neighbor', state: 'failed' };
  return { kind: 'neighbor', state: (state & NUD_INCOMPLETE) !== 0 ? 'incomplete' : 'other' };
}

function attributesOf(payload: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= payload.length;) {
    const length = payload.readUInt16LE(at);
    if (length < 4 || at + length > payload.length) break;
    found.set(payload.readUInt16LE(at + 2) & 0x3fff, payload.subarray(at + 4, at + length));
    at += padded(length);
  }
  return found;
}

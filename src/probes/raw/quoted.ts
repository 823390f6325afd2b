/**
 * The packet that an ICMP error quotes: the IP header, and at least 8 bytes of what follows (RFC 792; RFC 4443 section 3.1).
 * An error is believed only if it quotes a packet that a probe in flight sent: to its address and port, with its secret.
 * A host that has seen no packet of the probe then cannot end it.
 */
const icmpHeaderBytes = 8;
const ipv6HeaderBytes = 40;
const quotedTransportBytes = 8;
const ipv4ProtocolAt = 9;
const ipv4DestinationAt = 16;
const ipv6NextHeaderAt = 6;
const ipv6DestinationAt = 24;

export interface Quoted {
  /** IP protocol of the quoted packet. */
  readonly protocol: number;
  /** Where the destination address begins: 4 or 16 bytes. */
  readonly destinationAt: number;
  /** Where the TCP or ICMP header begins, of which 8 bytes are there. */
  readonly transportAt: number;
}

/**
 * @param packet from the IPv4 header of the error on
 * @param bytes how many of them are valid
 * @returns undefined if it quotes no IPv4 packet, or too little of one
 */
export function quotedIn4(packet: Buffer, bytes: number): Quoted | undefined {
  const inner = (packet[0]! & 0x0f) * 4 + icmpHeaderBytes;
  const transportAt = inner + (packet[inner]! & 0x0f) * 4;
  if (bytes < transportAt + quotedTransportBytes || packet[inner]! >>> 4 !== 4) return undefined;
  return { protocol: packet[inner + ipv4ProtocolAt]!, destinationAt: inner + ipv4DestinationAt, transportAt };
}

/**
 * Extension headers are not looked through: probes send none.
 *
 * @param packet from the ICMPv6 header of the error on
 * @param bytes how many of them are valid
 * @returns undefined if it quotes no IPv6 packet, or too little of one
 */
export function quotedIn6(packet: Buffer, bytes: number): Quoted | undefined {
  const inner = icmpHeaderBytes;
  const transportAt = inner + ipv6HeaderBytes;
  if (bytes < transportAt + quotedTransportBytes || packet[inner]! >>> 4 !== 6) return undefined;
  return { protocol: packet[inner + ipv6NextHeaderAt]!, destinationAt: inner + ipv6DestinationAt, transportAt };
}

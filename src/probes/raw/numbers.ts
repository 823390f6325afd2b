/** Numbers of the protocols (IANA), where raw packets need them. */
export const protocol = { icmp: 1, tcp: 6, icmpv6: 58 } as const;
export const icmp4 = { echoReply: 0, unreachable: 3, echoRequest: 8, timeExceeded: 11 } as const;
export const icmp6 = { unreachable: 1, timeExceeded: 3, echoRequest: 128, echoReply: 129 } as const;
export const tcpFlag = { syn: 0x02, rst: 0x04, ack: 0x10 } as const;

/**
 * Findings in the words of one kind of check, where those of the table are about another: a datagram is not refused by
 * RST, and a ping has no port. What is not said here is as in the table.
 */
import { doctor, listenersOf } from './commands.js';
import type { FindingInfo } from './finding.js';

/** What a check speaks. `tcp`: a check of type tcp alone; http and https checks have the words of the table. */
export type CheckProtocol = 'tcp' | 'udp' | 'ping';

export interface FindingWords {
  readonly title?: string;
  readonly meaning?: string;
  readonly remedy?: Partial<FindingInfo['remedy']>;
}

const none = [] as const;
const udpListeners = { linux: ["ss -lunp 'sport = :{port}'", 'netstat -anp | grep :{port}'], windows: listenersOf.windows } as const;
const echoAllowed = {
  linux: ['iptables -I INPUT -s {source} -p icmp --icmp-type echo-request -j ACCEPT', doctor],
  windows: ['netsh advfirewall firewall add rule name="health check ping" dir=in action=allow protocol=icmpv4:8,any remoteip={source}'],
} as const;

export const findingVariants: Readonly<Record<string, Readonly<Partial<Record<CheckProtocol, FindingWords>>>>> = {
  port_closed: {
    udp: {
      meaning:
        'The backend answers the datagram with the ICMP error “port unreachable”: nothing listens on that UDP port at that address. The service is stopped, listens on loopback only, or has another port.',
    },
  },
  accepts_but_silent: {
    udp: {
      title: 'The service does not answer the datagram',
      meaning:
        'The port is not known to be closed, but nothing came back within the timeout. The service hangs, ignores this datagram, or answers only what it understands: `udp.send` may not be a request of its protocol.',
      remedy: {
        text: 'Send the same datagram on the backend itself, and look whether it is answered there. If it is not, compare `udp.send` with what the service expects, and read its log. If it is, look for a firewall between.',
        linux: [...udpListeners.linux, "tcpdump -ni any 'udp port {port}'", 'journalctl -u SERVICE -n 50'],
        windows: udpListeners.windows,
      },
    },
  },
  answer_malformed: {
    udp: {
      title: 'The answer is not the expected one',
      meaning:
        'A datagram came back, and it does not begin with the bytes of `udp.expect`. The check asks for the wrong thing, expects the wrong beginning, or another service has this port.',
      remedy: {
        text: 'Compare the answer with `udp.expect`. The comparison is byte for byte, and only with the beginning of the answer: expect just the bytes that are the same in every good answer. If another service has UDP port {port}, correct the port; if `udp.send` belongs to another protocol, correct that.',
        linux: [...udpListeners.linux, "tcpdump -nXi any 'udp port {port}'"],
        windows: udpListeners.windows,
      },
    },
  },
  firewall_rejects: {
    udp: {
      meaning:
        'Something answers the datagram with a refusal in the service’s place: an ICMP error such as “administratively prohibited” or “port unreachable”. The packets arrive; a rule turns them away.',
    },
    ping: {
      meaning:
        'Something answers the ping with a refusal: an ICMP error such as “administratively prohibited”. The packets arrive; a rule turns them away.',
      remedy: { text: 'Find the rule on the host that sent the refusal, and let ICMP echo from {source} in before it.', ...echoAllowed },
    },
  },
  firewall_drops_port: {
    udp: {
      remedy: {
        text: 'Let {source} in to UDP port {port}, and ICMP in and out: in the cloud’s security group, in the firewall of the subnet, and in the backend’s own firewall. Where check port and service port differ, both must be open. As a test only, the backend’s firewall may be stopped for a moment (Linux: systemctl stop firewalld or iptables; Windows: firewall.cpl).',
      },
    },
  },
  firewall_drops_source: {
    udp: {
      remedy: {
        text: 'Let {source} in to UDP port {port} on the backend: security group, firewall of the subnet, the backend’s own firewall. Let ICMP in and out as well. Cloud load balancers check from ranges such as 100.125.0.0/16 or 100.64.0.0/10; protection software often blocks these.',
      },
    },
    ping: {
      remedy: {
        text: 'Let ICMP echo from {source} in: security group, firewall of the subnet, the backend’s own firewall. Cloud load balancers check from ranges such as 100.125.0.0/16 or 100.64.0.0/10; protection software often blocks these.',
        linux: [...echoAllowed.linux, 'ip route get {source}'],
        windows: echoAllowed.windows,
      },
    },
  },
  icmp_blocked: {
    udp: {
      meaning:
        'The host gives no answer to ping, but something else of it answers. A firewall drops ICMP, or the host is set to ignore ping. This UDP check begins with a ping (`udp.ping_first`), and so fails although the service may work.',
      remedy: {
        text: 'Let ICMP echo from {source} in, in the security group and on the backend. Or check without the ping: set `udp.ping_first: false`, with `udp.send` and `udp.expect`.',
      },
    },
  },
  packet_loss: {
    ping: {
      meaning:
        'Some pings are answered and some are not, without a pattern. A line or a switch is overloaded or faulty, or a limit of ICMP drops some.',
      remedy: { linux: ['mtr -n --report {address}', 'ip -s link'] },
    },
  },
  timeout_too_short: {
    tcp: {
      meaning: 'The port answers, but steadily takes longer than `timeout`. The check gives up on a backend that works.',
      remedy: {
        text: 'Set a longer timeout. The interval should stay longer than the timeout. An answer to a SYN comes from the kernel: if it takes long, the way to the backend is long or busy.',
        linux: ['ping -c 5 {address}', 'mtr -n --report --tcp --port {port} {address}'],
        windows: none,
      },
    },
  },
  ping_says_nothing_of_service: {
    udp: {
      title: 'Silence counts as healthy',
      meaning:
        'The check expects no answer (`udp.expect` is not set), so that silence passes. A service that hangs is healthy for it, and so is a closed port whose ICMP errors do not arrive.',
      remedy: { text: 'Send a datagram that the service answers, and expect that answer: set `udp.send` and `udp.expect`.' },
    },
  },
};

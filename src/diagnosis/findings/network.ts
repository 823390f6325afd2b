/** Findings whose fault lies between checker and backend: firewalls, routes, losses; the backend’s own firewall too. */
import { doctor, firewallOf } from './commands.js';
import type { FindingInfo } from './finding.js';

const none = [] as const;

export const networkFindings = {
  firewall_drops_port: {
    at: 'network',
    title: 'A firewall drops this port',
    meaning:
      'The host answers, but everything sent to the check port vanishes without an answer. A security group, a firewall of the subnet or the backend’s own firewall does not let this port in.',
    foundBy:
      'The same packet to other ports of the same host is answered (closed ports refuse with RST), to this port it is not. A full accept queue (`accept_queue_full`) can look similar; `doctor` tells them apart.',
    remedy: {
      text: 'Let {source} in to port {port}: in the cloud’s security group, in the firewall of the subnet, and in the backend’s own firewall. Where check port and service port differ, both must be open. As a test only, the backend’s firewall may be stopped for a moment (Linux: systemctl stop firewalld or iptables; Windows: firewall.cpl).',
      linux: [...firewallOf.linux, doctor],
      windows: firewallOf.windows,
    },
  },
  firewall_drops_source: {
    at: 'network',
    title: 'A firewall drops the address that the checks come from',
    meaning:
      'The backend answers another address of this checker, but not the one that the checks leave from. A firewall, a security group or an access list does not know the check’s source.',
    foundBy:
      'The same packet was sent once from the check’s source and once from another address of this machine: only the second was answered. A missing route back to the one source (`no_route_back`) shows in the same way.',
    remedy: {
      text: 'Let {source} in to port {port} on the backend: security group, firewall of the subnet, the backend’s own firewall, /etc/hosts.deny. Cloud load balancers check from ranges such as 100.125.0.0/16 or 100.64.0.0/10; protection software often blocks these.',
      linux: [...firewallOf.linux, 'ip route get {source}', doctor],
      windows: firewallOf.windows,
    },
  },
  firewall_rejects: {
    at: 'network',
    title: 'A firewall rejects the check',
    meaning:
      'Something answers the check with a refusal in the service’s place: an ICMP message “administratively prohibited”, or RST. The packets arrive; a rule turns them away.',
    foundBy:
      'An ICMP “prohibited” is certain, and its sender is the firewall. With RST the checker cannot tell a rule from a closed port (`port_closed`); `doctor` evaluates the backend’s rules and can.',
    remedy: {
      text: 'Find the rule on the host that sent the refusal, and let {source} in to port {port} before it.',
      linux: [...firewallOf.linux, doctor],
      windows: firewallOf.windows,
    },
  },
  icmp_blocked: {
    at: 'network',
    title: 'Ping is blocked, though the host is up',
    meaning:
      'The host gives no answer to ping, but its ports answer. A firewall drops ICMP, or the host is set to ignore ping. Checks by ping, and UDP checks that begin with one, fail although the service works.',
    foundBy:
      'Ping stays without an answer while a TCP port of the same host answers, be it by a refusal. `doctor` shows whether a firewall or the setting `icmp_echo_ignore_all` is the cause.',
    remedy: {
      text: 'Let ICMP echo from {source} in, in the security group and on the backend, or check the service itself (tcp, http, or udp with an expected answer).',
      linux: ['iptables -I INPUT -s {source} -p icmp --icmp-type echo-request -j ACCEPT', 'sysctl net.ipv4.icmp_echo_ignore_all', doctor],
      windows: ['netsh advfirewall firewall add rule name="health check ping" dir=in action=allow protocol=icmpv4:8,any remoteip={source}'],
    },
  },
  no_route: {
    at: 'network',
    title: 'There is no way to the backend',
    meaning: 'This checker, or a router on the way, has no route to the backend’s network. The packets never get there.',
    foundBy: 'The checker’s own kernel refuses to send, or a router answers “network unreachable”; the evidence names the router.',
    remedy: {
      text: 'On the checker (or on the router that answered), look at the route to {address} and add what is missing. See also that the address in the configuration is right.',
      linux: ['ip route get {address}', 'ip route', 'traceroute -n {address}'],
      windows: ['route print', 'tracert -d {address}'],
    },
  },
  no_route_back: {
    at: 'network',
    title: 'The backend’s answers do not find the way back',
    meaning:
      'The checks arrive, but the backend has no route, or a wrong one, to the address that they come from. Its default route is missing or leads elsewhere: often changed by hand, by a VPN or by a second network card.',
    foundBy:
      '`doctor` asks the backend’s kernel for the route to the source. The checker sees only silence, from open ports as from closed ones and from ping, while the last router on the way still answers; a firewall that drops everything and a host that is down look the same.',
    remedy: {
      text: 'On the backend, the default route of the first network card must lead to the gateway of its subnet. Look at it, and correct it.',
      linux: ['ip route', 'ip route get {source}', 'route -n', 'ip route add default via GATEWAY dev INTERFACE'],
      windows: ['route print', 'route add 0.0.0.0 mask 0.0.0.0 GATEWAY'],
    },
  },
  packet_loss: {
    at: 'network',
    title: 'Packets are lost on the way',
    meaning:
      'Some attempts are answered and some are not, without a pattern. A line or a switch is overloaded or faulty, or a limit of packets drops some.',
    foundBy:
      'Ten single packets to the same port, a part of which was answered. A busy backend, or one whose accept queue is full at times, can look the same.',
    remedy: {
      text: 'Find the place where the loss begins, by a path trace from the checker and one from the backend. Look at the error counters of network cards and switch ports. A higher unhealthy_threshold bridges it meanwhile.',
      linux: ['mtr -n --report --tcp --port {port} {address}', 'ip -s link'],
      windows: ['pathping -n {address}', 'netstat -e'],
    },
  },
  hosts_deny: {
    at: 'network',
    title: '/etc/hosts.deny turns the check away',
    meaning:
      'A line in /etc/hosts.deny covers the addresses that the checks come from. Services that are linked with libwrap then close their connections at once. Other services do not read the file.',
    foundBy: '`doctor` evaluates /etc/hosts.allow and /etc/hosts.deny for the source of the checks.',
    remedy: {
      text: 'Take {source} out of /etc/hosts.deny, or allow it in /etc/hosts.allow, which is read first.',
      linux: ['grep -v "^#" /etc/hosts.allow /etc/hosts.deny', 'echo "ALL: {source}" >> /etc/hosts.allow'],
      windows: none,
    },
  },
  route_changed: {
    at: 'network',
    title: 'The route to the backend is not the usual one',
    meaning:
      'The kernel would send the checks another way than the configuration means: through another card, or from another address than the check names.',
    foundBy: 'The kernel’s route to the backend was compared with the check’s `source` and `interface`.',
    remedy: {
      text: 'Look at the route on the checker. Correct it, or set `source` and `interface` of the check to what the route really uses.',
      linux: ['ip route get {address}', 'ip rule'],
      windows: ['route print'],
    },
  },
  source_is_local_on_backend: {
    at: 'network',
    title: 'The backend has the check’s source as an address of its own',
    meaning:
      'The address that the checks come from is also bound on the backend, for example a virtual IP on its loopback. The backend answers to itself, and the answer never leaves it.',
    foundBy: '`doctor` compares the source of the checks with the backend’s own addresses. From outside it is plain silence.',
    remedy: {
      text: 'Let the checks leave from an address that no backend has: set `source` in the check, or take the address off the backend.',
      linux: ['ip address show to {source}', 'ip route get {source}'],
      windows: ['ipconfig /all'],
    },
  },
} as const satisfies Readonly<Record<string, FindingInfo>>;

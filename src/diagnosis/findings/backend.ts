/** Findings whose fault is the backend’s: its service, its operating system, its load. */
import { askLocally, doctor, listenersOf, loadOf } from './commands.js';
import type { FindingInfo } from './finding.js';

const none = [] as const;

export const backendFindings = {
  nothing_listens: {
    at: 'backend',
    title: 'No process listens on the port',
    meaning:
      'The host runs, but no process has opened the check port. The service has stopped, has crashed, failed to start, or listens on another port.',
    foundBy:
      '`doctor` reads the list of listening sockets on the backend. From the checker’s side the same fault shows as `port_closed`: a closed port answers a connection attempt with RST (a refusal).',
    remedy: {
      text: 'Start the service again and read its log to learn why it stopped. If it uses another port on purpose, set `check.port` to that port.',
      linux: [...listenersOf.linux, 'systemctl --failed', 'systemctl restart SERVICE', 'journalctl -u SERVICE -n 50'],
      windows: [...listenersOf.windows, 'sc query SERVICE', 'net start SERVICE'],
    },
  },
  listens_on_loopback_only: {
    at: 'backend',
    title: 'The service listens on loopback only',
    meaning:
      'A process listens on the port, but only at 127.0.0.1 or ::1. It answers on the backend itself and refuses all other clients. Often this is the default of a development server or a database.',
    foundBy:
      '`doctor` sees the address that the socket is bound to. The checker cannot: to it the port is just closed (`port_closed`). A test on the backend with `curl localhost` passes and misleads.',
    remedy: {
      text: 'In the service’s own configuration, let it listen at the private address {address} or at 0.0.0.0 (IPv6: ::), then restart it.',
      linux: [...listenersOf.linux, 'systemctl restart SERVICE'],
      windows: listenersOf.windows,
    },
  },
  port_closed: {
    at: 'backend',
    title: 'The port is closed',
    meaning:
      'The backend answers the connection attempt with RST: it refuses. Nothing listens on that port at that address. The service is stopped, listens on loopback only, or has another port.',
    foundBy:
      'RST came back at once. A firewall that rejects with RST looks exactly the same from outside (`firewall_rejects`, then named as possible); `doctor` on the backend tells the two apart.',
    remedy: {
      text: 'On the backend, look which process listens on port {port}. None: start the service. Only at 127.0.0.1: let it listen at {address} or 0.0.0.0. At the right address: a firewall refuses; ask doctor.',
      linux: [...listenersOf.linux, 'systemctl restart SERVICE', doctor],
      windows: listenersOf.windows,
    },
  },
  accept_queue_full: {
    at: 'backend',
    title: 'The service does not take its connections',
    meaning:
      'The operating system has made connections ready for the service, and the service does not fetch them. The waiting line (accept queue) is full, and further attempts are dropped without an answer. The service hangs, has too few workers, or its limit for waiting connections (backlog) is too low.',
    foundBy:
      '`doctor` reads the length of the queue against its limit, and the kernel’s counter of overflows. The checker sees silence on this port while closed ports of the same host answer at once, or connections that open and then say nothing; a firewall can look similar.',
    remedy: {
      text: 'See whether the service hangs (restart it) or has more clients than workers (add workers, raise its backlog and net.core.somaxconn). `Recv-Q` above `Send-Q` in the output of ss means that the queue is full.',
      linux: ["ss -ltn 'sport = :{port}'", 'nstat -az TcpExtListenOverflows TcpExtListenDrops', 'sysctl net.core.somaxconn', doctor],
      windows: ['netstat -ano | findstr :{port}'],
    },
  },
  accepts_but_silent: {
    at: 'backend',
    title: 'The service accepts connections, but never answers',
    meaning:
      'The port is open and takes the request, then nothing comes, even with much more time than the check allows. The application hangs (a deadlock, a database or another service that it waits for), or speaks a protocol in which the server does not answer this request.',
    foundBy:
      'The connection stood and the request was sent. No byte came within several times the timeout, which sets it apart from `slow_response`. A connection that only the operating system took, because the service takes none, looks the same: see `accept_queue_full`.',
    remedy: {
      text: 'Ask the application on the backend itself. If it is silent there too, look into its log and at what it waits for, then restart it. If it answers there, look for a proxy or a middlebox between.',
      linux: [...askLocally.linux, "ss -tnp 'sport = :{port}'", 'journalctl -u SERVICE -n 50'],
      windows: askLocally.windows,
    },
  },
  closes_without_answer: {
    at: 'backend',
    title: 'The service closes the connection without an answer',
    meaning:
      'The connection opens, and the backend closes or resets it before a complete answer. The application crashes on this request, has reached its limit of connections, or an access list of its own turns the checker away.',
    foundBy:
      'The request was repeated with another method, another path, with and without Host, and over TLS. Where one of those gets an answer, that finding is named instead (`method_unsupported`, `host_header_needed`, `plain_check_on_tls_port`).',
    remedy: {
      text: 'Read the service’s log at the time of the check. Look for access lists that do not know {source}, limits of connections, and crashed workers.',
      linux: [...askLocally.linux, 'journalctl -u SERVICE -n 50', 'dmesg -T | tail -20'],
      windows: askLocally.windows,
    },
  },
  slow_response: {
    at: 'backend',
    title: 'The answer comes too late',
    meaning:
      'The answer is right, but takes longer than the timeout of the check. The backend is busy, or the checked page does real work: it asks a database, or starts a script.',
    foundBy:
      'The check was repeated with several times its timeout, and the answer came. The times of connection, TLS and first byte show where it waits. Whether the backend or the timeout is wrong is a matter of what is normal for this application: see `timeout_too_short`.',
    remedy: {
      text: 'Look at the load of the backend. Check a small static file rather than a dynamic page. If this time is normal for the application, set a longer timeout.',
      linux: [
        "curl -kso /dev/null -w 'connect %{time_connect}s  first byte %{time_starttransfer}s  total %{time_total}s\\n' '{scheme}://{address}:{port}{path}'",
        ...loadOf.linux,
      ],
      windows: loadOf.windows,
    },
  },
  application_error: {
    at: 'backend',
    title: 'The application answers with an error of its own (5xx)',
    meaning:
      'Network, port and request are in order. The application itself says that it cannot serve: 500 a fault in it, 502 and 504 a proxy that cannot reach the application behind it, 503 overload or maintenance.',
    foundBy:
      'The status code is between 500 and 599, whatever method, path and Host were tried. Where only the checked path gives it, the evidence says so.',
    remedy: {
      text: 'Read the application’s log at the time of the check. 502 or 504: see whether the process behind the proxy runs. 503: see whether it is in maintenance or overloaded. Do not add 5xx to the expected status: that would send users to it.',
      linux: [...askLocally.linux, 'journalctl -u SERVICE -n 50'],
      windows: askLocally.windows,
    },
  },
  overloaded: {
    at: 'backend',
    title: 'The backend is overloaded',
    meaning:
      'Processors, memory or disks of the backend are so busy that programs wait for them. Answers come late, and checks run into their timeout although nothing is broken.',
    foundBy:
      '`doctor` compares the load with the number of processors, and reads free memory and pressure (the share of time in which work stood still for lack of processor, memory or disk).',
    remedy: {
      text: 'Find what takes the processor or the memory. Send it less traffic (a lower weight), or add backends. A longer timeout and interval keep it from being marked unhealthy meanwhile.',
      linux: [...loadOf.linux, 'free -m', 'ps -eo pid,pcpu,pmem,comm --sort=-pcpu | head'],
      windows: loadOf.windows,
    },
  },
  host_down: {
    at: 'backend',
    title: 'The host is down, or does not have this address',
    meaning: 'No host answers for this address. It is switched off, has crashed, has lost its network, or its address has changed.',
    foundBy:
      'In the same network no host answers for this address (ARP; IPv6: neighbor discovery): that is certain. Behind a router, the router says “host unreachable”, or nothing at all answers: neither ping, nor open nor closed ports. A firewall that drops everything is then possible too.',
    remedy: {
      text: 'On the checker, look whether any host answers for the address. Look at the host’s console: does it run, is its network card up, does it have the address {address}?',
      linux: ['ip neigh show {address}', 'ping -c 3 {address}', 'ip address'],
      windows: ['arp -a {address}', 'ping {address}', 'ipconfig /all'],
    },
  },
  tls_certificate_problem: {
    at: 'backend',
    title: 'The certificate is refused',
    meaning:
      'The check verifies the certificate (`tls.verify: true`), and it does not hold: it has expired or is not valid yet, is made for another name, or is signed by an authority that the checker does not know.',
    foundBy: 'The TLS handshake succeeds without verification. The evidence names the subject, the names and the dates of the certificate.',
    remedy: {
      text: 'Expired: renew the certificate and reload the service. Another name: set `tls.server_name` to a name in the certificate. Unknown authority: name it in `tls.ca_file`.',
      linux: [
        'openssl s_client -connect {address}:{port} -servername NAME </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName',
      ],
      windows: ['curl.exe -iv "https://{address}:{port}{path}"'],
    },
  },
  answer_malformed: {
    at: 'backend',
    title: 'The answer is not HTTP',
    meaning:
      'Something came back that is no HTTP response: another protocol has this port (SSH, a database, TLS), or the application sends broken headers.',
    foundBy: 'The first bytes are in the evidence. An answer that is TLS is named `plain_check_on_tls_port` instead.',
    remedy: {
      text: 'See which program listens on port {port}. If it is not a web server, check with type tcp, or set `check.port` to the port of the web server.',
      linux: [...listenersOf.linux, "curl -iv --http0.9 --max-time 5 'http://{address}:{port}{path}'"],
      windows: listenersOf.windows,
    },
  },
  tw_recycle_with_timestamps: {
    at: 'backend',
    title: 'The backend’s kernel drops connections of shared sources (tcp_tw_recycle)',
    meaning:
      '`net.ipv4.tcp_tw_recycle` and `net.ipv4.tcp_timestamps` are both on. The kernel then drops connection attempts of one source whose clocks disagree: clients or checkers behind one address translation. Linux 4.12 removed the setting.',
    foundBy: '`doctor` reads both settings. From outside it shows as attempts that are sometimes ignored.',
    remedy: {
      text: 'Switch tcp_tw_recycle off, now and in /etc/sysctl.conf. Timestamps can stay on.',
      linux: ['sysctl -w net.ipv4.tcp_tw_recycle=0', 'grep -rn tcp_tw_recycle /etc/sysctl.conf /etc/sysctl.d/'],
      windows: none,
    },
  },
  icmp_echo_ignored: {
    at: 'backend',
    title: 'The backend’s kernel ignores ping',
    meaning:
      '`net.ipv4.icmp_echo_ignore_all` is 1 (IPv6: `net.ipv6.icmp.echo_ignore_all`). Ping gets no answer, although the host and its services work.',
    foundBy: '`doctor` reads the setting. From outside it looks like a firewall that drops ICMP (`icmp_blocked`).',
    remedy: {
      text: 'Switch it off, or check the service itself (tcp, http, or udp with an expected answer) instead of pinging.',
      linux: ['sysctl -w net.ipv4.icmp_echo_ignore_all=0', 'sysctl -w net.ipv6.icmp.echo_ignore_all=0'],
      windows: none,
    },
  },
  icmp_errors_limited: {
    at: 'backend',
    title: 'The backend’s kernel limits its ICMP errors',
    meaning:
      'A UDP check notices a closed port only by the ICMP error “port unreachable”. This kernel sends few of them (`net.ipv4.icmp_ratelimit`, with bit 3 of `icmp_ratemask`). Where several checkers ask, some get no error and take the silence for a pass: a dead service looks healthy.',
    foundBy:
      '`doctor` reads both settings. It is a warning: the limit is the default of Linux, and harms only UDP checks without an expected answer.',
    remedy: {
      text: 'Better than changing the kernel: let the UDP check expect an answer (`udp.send` and `udp.expect`). Otherwise take port unreachable out of the limit; the first command shows the present mask; subtract 8 from it.',
      linux: ['sysctl net.ipv4.icmp_ratelimit net.ipv4.icmp_ratemask', 'sysctl -w net.ipv4.icmp_ratemask=6160'],
      windows: none,
    },
  },
  rp_filter_drops: {
    at: 'backend',
    title: 'The backend’s kernel drops the checks: they arrive on another card than the answer would leave by',
    meaning:
      'Strict reverse path filtering (`rp_filter` = 1) drops packets that come in on one network card while the route back to their source leads through another. It happens on backends with several cards.',
    foundBy:
      '`doctor` compares the route back to the source of the checks with the card that has the checked address, and reads `rp_filter` of that card.',
    remedy: {
      text: 'Correct the route so that the answer leaves by the card that the check came in on (a policy route), or set the filter to loose (2) on that card.',
      linux: [
        'ip route get {source} from {address}',
        'sysctl net.ipv4.conf.all.rp_filter',
        'sysctl -w net.ipv4.conf.INTERFACE.rp_filter=2',
      ],
      windows: none,
    },
  },
  conntrack_full: {
    at: 'backend',
    title: 'The table of tracked connections is full',
    meaning:
      'The backend’s firewall keeps a table of all connections (conntrack), and it is full. New connections are dropped without an answer, those of users as well as those of the check.',
    foundBy:
      '`doctor` compares `nf_conntrack_count` with `nf_conntrack_max`. The kernel’s log says “nf_conntrack: table full, dropping packet”.',
    remedy: {
      text: 'Raise the limit now, then find out who opens so many connections. Traffic that needs no tracking can be left out by a notrack rule.',
      linux: [
        'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max',
        'sysctl -w net.netfilter.nf_conntrack_max=262144',
        'dmesg -T | grep conntrack',
      ],
      windows: none,
    },
  },
} as const satisfies Readonly<Record<string, FindingInfo>>;

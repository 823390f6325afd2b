/** Commands that several findings recommend. Source: the clouds’ own troubleshooting guides (docs/semantics.md items 26–28, 35). */

/** Asks the same question on the backend itself, where more can be seen. */
export const doctor = 'vitald doctor --port {port} --from {source}';

/** Who listens on the port, and at which address. */
export const listenersOf = {
  linux: ["ss -ltnp 'sport = :{port}'", 'netstat -anp | grep :{port}'],
  windows: ['netstat -ano | findstr :{port}'],
} as const;

/** The answer of the application itself, without network or firewall between. */
export const askLocally = {
  linux: ["curl -ikv --max-time 10 '{scheme}://{address}:{port}{path}'"],
  windows: ['curl.exe -ikv --max-time 10 "{scheme}://{address}:{port}{path}"'],
} as const;

/** What the firewall of the backend holds, and how to let the check in. */
export const firewallOf = {
  linux: ['nft list ruleset', 'iptables -nvL', 'iptables -I INPUT -s {source} -p tcp --dport {port} -j ACCEPT'],
  windows: [
    'netsh advfirewall firewall show rule name=all dir=in',
    'netsh advfirewall firewall add rule name="health check" dir=in action=allow protocol=TCP localport={port} remoteip={source}',
  ],
} as const;

/** Load, memory and what takes them. */
export const loadOf = {
  linux: ['uptime', 'top -b -n 1 | head -20', 'cat /proc/pressure/cpu /proc/pressure/io /proc/pressure/memory'],
  windows: ['taskmgr'],
} as const;

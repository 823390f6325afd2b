/** A machine of captured data: what its files say, what its programs print. */
import type { Connected, LocalAddress, Machine, Ran } from '#vitald/diagnosis/doctor/machine.js';
import { doctor } from '#vitald/diagnosis/doctor/doctor.js';
import type { DoctorOptions } from '#vitald/diagnosis/doctor/options.js';
import type { Report } from '#vitald/diagnosis/report.js';

export interface Captured {
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
  /** By command line; the last word may be left out. */
  readonly programs: Readonly<Record<string, Partial<Ran>>>;
  readonly addresses: readonly LocalAddress[];
  readonly connection: Connected;
  readonly isRoot: boolean;
}

/** nginx on port 80, no firewall, one interface, a default route, nothing to do. */
export const healthyMachine: Captured = {
  files: {
    '/proc/net/tcp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 00000000a66521fb 100 0 0 10 0`,
    '/proc/net/udp': `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  233: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 000000009c1b8d7b 0`,
    '/proc/17/comm': 'nginx\n',
    '/proc/17/maps': '7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/x86_64-linux-gnu/libwrap.so.0.7.6\n',
    '/proc/loadavg': '0.10 0.20 0.30 1/100 1234\n',
    '/proc/meminfo': 'MemTotal:        4000000 kB\nMemFree:          200000 kB\nMemAvailable:    3000000 kB\n',
    '/proc/pressure/cpu': 'some avg10=1.00 avg60=1.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    '/proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    '/proc/pressure/io': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    '/proc/net/netstat': 'TcpExt: SyncookiesSent PAWSPassive ListenOverflows ListenDrops IPReversePathFilter\nTcpExt: 0 0 3 3 0\n',
    '/proc/sys/net/ipv4/tcp_timestamps': '1\n',
    '/proc/sys/net/ipv4/icmp_echo_ignore_all': '0\n',
    '/proc/sys/net/ipv4/icmp_ratelimit': '0\n',
    '/proc/sys/net/ipv4/icmp_ratemask': '6168\n',
  },
  links: {
    '/proc/self/ns/net': 'net:[1]',
    '/proc/17/ns/net': 'net:[1]',
    '/proc/17/fd/6': 'socket:[4711]',
    '/proc/17/fd/7': 'socket:[4712]',
  },
  programs: {
    'ss -H -l -t -n -e sport = :80': { out: 'LISTEN 0 511 0.0.0.0:80 0.0.0.0:* ino:4711 sk:1 <->\n' },
    'ss -H -l -u -n -e sport = :53': { out: 'UNCONN 0 0 0.0.0.0:53 0.0.0.0:* ino:4712 sk:2 <->\n' },
    'nft -j list ruleset': { out: '{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]}' },
    'nft -a list ruleset': { out: '' },
    'ip -j route get': {
      out: '[{"dst":"100.125.0.1","gateway":"10.0.0.254","dev":"eth0","prefsrc":"10.0.0.1","flags":[],"uid":0,"cache":[]}]',
    },
    'ip -j neigh show': { out: '[{"dst":"10.0.0.254","lladdr":"02:00:00:00:00:01","state":["REACHABLE"]}]' },
    'ip -4 -j route show default': { out: '[{"dst":"default","gateway":"10.0.0.254","dev":"eth0","flags":[]}]' },
  },
  addresses: [
    { address: '127.0.0.1', prefix: 8, interface: 'lo' },
    { address: '10.0.0.1', prefix: 24, interface: 'eth0' },
    { address: 'fe80::1', prefix: 64, interface: 'eth0' },
  ],
  connection: { end: 'connected', detail: 'the connection was accepted', tookMs: 0.2 },
  isRoot: true,
};

/** Like another one, but for what is given. */
export function changed(machine: Captured, changes: Partial<Captured>): Captured {
  return {
    ...machine,
    ...changes,
    files: { ...machine.files, ...changes.files },
    links: { ...machine.links, ...changes.links },
    programs: { ...machine.programs, ...changes.programs },
  };
}

/** @param later files as they are once the doctor has waited */
export function machineOf({ files, links, programs, addresses, connection, isRoot }: Captured, later: Captured['files'] = {}): Machine {
  let now: Captured['files'] = files;
  const missing = (path: string): never => {
    throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
  };
  return {
    isRoot,
    processors: 2,
    now: () => 1_767_225_600_000,
    sleep: async () => void (now = { ...now, ...later }),
    readFile: async (path) => now[path] ?? missing(path),
    readlink: async (path) => links[path] ?? missing(path),
    readdir: async (path) => {
      const below = [...Object.keys(now), ...Object.keys(links)].filter((name) => name.startsWith(`${path}/`));
      return [...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0]!))];
    },
    run: async (program, args) => {
      const line = [program, ...args].join(' ');
      const found = Object.entries(programs).find(([command]) => line.startsWith(command))?.[1];
      return found === undefined ? missing(program) : { exitCode: 0, out: '', err: '', ...found };
    },
    connect: async () => connection,
    addresses: () => addresses,
  };
}

export const checks: DoctorOptions = { port: 80, address: '10.0.0.1', from: '100.125.0.0/16' };

export function ask(captured: Captured, options: DoctorOptions = checks, later?: Captured['files']): Promise<Report> {
  return doctor(options, machineOf(captured, later));
}

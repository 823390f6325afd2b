/** Who listens on the port: sockets from /proc/net, their owners from /proc/PID/fd, other namespaces. Source: proc(5). */
import { formatEndpoint } from '../../../endpoint.js';
import { addressText } from '../intervals.js';
import { readIfThere, runIfThere, type Machine } from '../machine.js';
import type { Listener, Look, LookContext, Owner } from '../facts.js';

type Socket = Omit<Listener, 'owner'>;

const tcpListen = '0A';
/** Namespaces that are looked into; a host may run a great many containers. */
const mostNamespaces = 200;

/** Sockets that wait for anybody: listening ones of TCP, unconnected ones of UDP. @param table text of /proc/net/tcp and its like */
export function parseSockets(table: string, protocol: 'tcp' | 'udp', family: 4 | 6): Socket[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state, , , , , , inode] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      const waits = protocol === 'tcp' ? state === tcpListen : /^0+:0+$/.test(remote);
      if (!waits || inode === undefined || port === '') return [];
      return [{ protocol, family, address: addressOf(address, family), port: parseInt(port, 16), inode }];
    });
}

/** Words of 32 bits in the byte order of the machine: little-endian wherever Node.js is common. */
function addressOf(hex: string, family: 4 | 6): string {
  const words = hex.match(/.{8}/g) ?? [];
  const value = words.map((word) => word.match(/../g)!.reverse().join('')).join('');
  return addressText(family, BigInt(`0x${value === '' ? '0' : value}`));
}

interface Detail {
  readonly waiting: number;
  readonly backlog: number;
  readonly isV6Only: boolean | undefined;
}

/** By inode, from `ss -H -l -n -e`. */
export function parseSs(listing: string): ReadonlyMap<string, Detail> {
  const details = new Map<string, Detail>();
  for (const line of listing.split('\n')) {
    const [, waiting, backlog] = /^\S+\s+(\d+)\s+(\d+)\s/.exec(line) ?? [];
    const [, inode] = /\bino:(\d+)/.exec(line) ?? [];
    const [, v6only] = /\bv6only:([01])/.exec(line) ?? [];
    if (waiting === undefined || inode === undefined) continue;
    details.set(inode, { waiting: Number(waiting), backlog: Number(backlog), isV6Only: v6only === undefined ? undefined : v6only === '1' });
  }
  return details;
}

/** @param folder /proc/net, or /proc/PID/net for another namespace */
async function socketsIn(machine: Machine, folder: string, protocol: 'tcp' | 'udp', port: number): Promise<Socket[]> {
  const found: Socket[] = [];
  for (const family of [4, 6] as const) {
    const table = await readIfThere(machine, `${folder}/${protocol}${family === 6 ? '6' : ''}`);
    if (table !== undefined) found.push(...parseSockets(table, protocol, family).filter((socket) => socket.port === port));
  }
  return found;
}

const processes = async (machine: Machine): Promise<string[]> => (await machine.readdir('/proc')).filter((name) => /^\d+$/.test(name));

/** @returns owners by inode, and whether some processes could not be looked into */
async function ownersOf(
  machine: Machine,
  inodes: ReadonlySet<string>,
): Promise<{ readonly owners: Map<string, Owner>; readonly hidden: number }> {
  const owners = new Map<string, Owner>();
  let hidden = 0;
  for (const pid of await processes(machine)) {
    if (owners.size === inodes.size) break;
    try {
      for (const fd of await machine.readdir(`/proc/${pid}/fd`)) {
        const link = await machine.readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
        const [, inode] = /^socket:\[(\d+)\]$/.exec(link) ?? [];
        if (inode !== undefined && inodes.has(inode) && !owners.has(inode)) owners.set(inode, await ownerOf(machine, pid));
      }
    } catch {
      hidden++;
    }
  }
  return { owners, hidden };
}

async function ownerOf(machine: Machine, pid: string): Promise<Owner> {
  return { pid: Number(pid), command: ((await readIfThere(machine, `/proc/${pid}/comm`)) ?? '?').trim() };
}

/** Who listens on the port in other network namespaces. */
async function elsewhere(
  { machine, leaveOut }: LookContext,
  protocol: 'tcp' | 'udp',
  port: number,
): Promise<{ address: string; owner: Owner }[]> {
  const own = await machine.readlink('/proc/self/ns/net').catch(() => undefined);
  if (own === undefined) return [];
  const seen = new Set([own]);
  const found: { address: string; owner: Owner }[] = [];
  let hidden = 0;
  for (const pid of await processes(machine)) {
    const namespace = await machine.readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
    if (namespace === undefined) hidden++;
    if (namespace === undefined || seen.has(namespace) || seen.size > mostNamespaces) continue;
    seen.add(namespace);
    const sockets = await socketsIn(machine, `/proc/${pid}/net`, protocol, port);
    if (sockets.length === 0) continue;
    const { owners } = await ownersOf(machine, new Set(sockets.map(({ inode }) => inode)));
    for (const { address, inode } of sockets) found.push({ address, owner: owners.get(inode) ?? (await ownerOf(machine, pid)) });
  }
  if (hidden > 0 && !machine.isRoot) leaveOut('network namespaces of other users’ processes', 'only root may look into them');
  return found;
}

export const socketsLook: Look = {
  name: 'who listens on the port',
  async run(context) {
    const { machine, facts, leaveOut } = context;
    const { question } = context.case;
    const port = facts.firewall?.request.translated?.port ?? question.port;
    const { protocol } = question;
    const sockets = await socketsIn(machine, '/proc/net', protocol, port);
    const { owners, hidden } = await ownersOf(machine, new Set(sockets.map(({ inode }) => inode)));
    if (hidden > 0 && owners.size < sockets.length && !machine.isRoot) {
      leaveOut('the program that listens', 'only root may see the sockets of other users’ processes');
    }
    const ss = await runIfThere(machine, 'ss', ['-H', '-l', protocol === 'tcp' ? '-t' : '-u', '-n', '-e', `sport = :${port}`]);
    if (ss?.exitCode !== 0) leaveOut('limits of the accept queue', ss === undefined ? 'ss (iproute2) is not installed' : ss.err.trim());
    const details = parseSs(ss?.exitCode === 0 ? ss.out : '');
    const here = sockets.map((socket): Listener => {
      const { waiting, backlog, isV6Only } = details.get(socket.inode) ?? {};
      return {
        ...socket,
        owner: owners.get(socket.inode),
        ...(waiting !== undefined && { waiting }),
        ...(backlog !== undefined && { backlog }),
        ...(isV6Only !== undefined && { isV6Only }),
      };
    });
    facts.listening = { here, elsewhere: here.length > 0 ? [] : await elsewhere(context, protocol, port) };
    if (here.length === 0) return `nothing on ${protocol} port ${port}`;
    return here.map((listener) => `${socketText(listener)}, ${ownerText(listener.owner)}`).join('; ');
  },
};

export const socketText = ({ address, port }: Pick<Listener, 'address' | 'port'>): string => formatEndpoint(address, port);

export const ownerText = (owner: Owner | undefined): string =>
  owner === undefined ? 'by a program that cannot be seen' : `by ${owner.command} (process ${owner.pid})`;

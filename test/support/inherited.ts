/** What a process has from its parent: its capabilities and its descriptors, as proc(5) shows them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Capability sets as hexadecimal bit masks. */
export interface Capabilities {
  readonly inheritable: string;
  readonly permitted: string;
  readonly effective: string;
  readonly ambient: string;
}

export const none = '0000000000000000';
/** CAP_NET_RAW, bit 13. */
export const netRaw = '0000000000002000';
export const noCapabilities: Capabilities = { inheritable: none, permitted: none, effective: none, ambient: none };

/** @param status text of /proc/PID/status */
export function capabilitiesIn(status: string): Capabilities {
  const set = (name: string): string => new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? `no ${name}`;
  return { inheritable: set('CapInh'), permitted: set('CapPrm'), effective: set('CapEff'), ambient: set('CapAmb') };
}

export const capabilitiesOf = (pid: number): Capabilities => capabilitiesIn(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** Children of a process, with their command lines. */
export function childrenOf(parent: number): { readonly pid: number; readonly command: string; readonly state: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name of the program, in parentheses, may hold anything.
        const [state = '', ppid] = readFileSync(`/proc/${name}/stat`, 'latin1')
          .replace(/^.*\) /s, '')
          .split(' ');
        if (Number(ppid) !== parent) return [];
        return [{ pid: Number(name), state, command: readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim() }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

/** Descriptors by number: what each refers to, and whether a program that is started inherits it. */
export function descriptorsOf(pid: number | 'self'): { readonly fd: number; readonly target: string; readonly isInherited: boolean }[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`);
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8'))![1]!;
      return [{ fd: Number(name), target, isInherited: (parseInt(flags, 8) & 0o2000000) === 0 }];
    } catch {
      // The one that reads the folder.
      return [];
    }
  });
}

/** Raw sockets of the network namespace, by inode. */
export function rawSockets(): Set<string> {
  const inodes = ['raw', 'raw6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'latin1')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[9])
      .filter((inode) => inode !== undefined),
  );
  return new Set(inodes.map((inode) => `socket:[${inode}]`));
}

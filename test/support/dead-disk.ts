/** A file system that never answers, as an NFS server that is gone: a FUSE mount whose other end does not read. */
import { existsSync } from 'node:fs';
import { labProblem } from './lab/requirements.js';

/** Why there can be none here; false if there can. */
export function deadDiskProblem(): string | false {
  return labProblem(['unshare', 'mount']) ?? (existsSync('/dev/fuse') ? false : '/dev/fuse is needed');
}

/**
 * Runs a command to which a folder is such a file system. It is gone with the command, which holds its other end open.
 *
 * @param dir an empty folder
 */
export const withDeadDisk = (dir: string) => (command: readonly string[]) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 dead ${dir} && exec "$@"`,
  'sh',
  ...command,
];

/**
 * The commands that bring a server to what it should be; none where it is that already.
 * Source: HAProxy, management guide, 9.3 "set server".
 */
import type { HaproxyOptions } from '../haproxy/options.js';
import { largestServerWeight, type ServerTarget } from '../haproxy/target.js';
import type { HaproxyServer } from './servers-state.js';

/** A line is read into one buffer of HAProxy, 16 KiB unless `tune.bufsize` says otherwise. */
const longestLine = 8000;

export function commandsFor(server: HaproxyServer, target: ServerTarget, weights: HaproxyOptions['weights']): string[] {
  const set = (what: string): string => `set server ${server.backend}/${server.server} ${what}`;
  return [
    // The weight first: a server that comes back does so with the right one.
    ...weightOf(server, target, weights).map((weight) => set(`weight ${weight}`)),
    ...stateWords(server, target).map(set),
  ];
}

function weightOf({ weight, initialWeight }: HaproxyServer, target: ServerTarget, weights: HaproxyOptions['weights']): number[] {
  if (target.weight === undefined) return [];
  const wanted = weights === 'absolute' ? target.weight : scaled(initialWeight, target.weight);
  return wanted === weight ? [] : [wanted];
}

/** Half of weight 1 is 1: HAProxy would make 0 of it, which takes the server out. */
function scaled(initialWeight: number, percent: number): number {
  if (initialWeight === 0 || percent === 0) return 0;
  return Math.min(Math.max(1, Math.round((initialWeight * percent) / 100)), largestServerWeight);
}

function stateWords(server: HaproxyServer, target: ServerTarget): string[] {
  const { admin } = server;
  // HAProxy’s own check would overrule what is set here, and be overruled: that is reported instead (runtime.ts).
  const health = server.hasOwnCheck ? undefined : target.health;
  if (target.admin === 'maint') return admin === 'maint' ? [] : ['state maint'];
  if (admin === 'maint') {
    if (target.admin === undefined) return [];
    // A server that leaves maintenance is up at once. One that is to be down gets there by way of drain, without a client.
    return health === 'down' ? ['state drain', 'health down', 'state ready'] : ['state ready'];
  }
  if (admin === 'held') return [];
  return [
    ...(health === undefined || health === server.health ? [] : [`health ${health}`]),
    ...(admin === 'drain' && target.admin === 'ready' ? ['state ready'] : []),
  ];
}

/** Joins commands to lines that HAProxy can read at once. */
export function* batches(commands: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const command of commands) {
    if (length + command.length + 1 > longestLine) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(command);
    length += command.length + 1;
  }
  if (batch.length > 0) yield batch;
}

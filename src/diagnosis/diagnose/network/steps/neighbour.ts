/** Whether anybody in this network answers for the backend's address, or for the gateway's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step, StepContext } from '../../step.js';
import type { Neighbour } from '../facts.js';
import { readJsonList, runProgram } from '../run-program.js';

interface NeighbourEntry {
  readonly lladdr: string;
  readonly state: readonly string[];
}

const againMs = 250;
/** The kernel asks three times, a second each, before it says that nobody is there. */
const longestMs = 3500;

export const neighbourStep: Step = {
  name: 'address resolution table',
  leaveOut({ facts }) {
    const { route } = facts.network;
    if (route === undefined) return 'the route is not known';
    if (route.kind === 'local') return 'the backend’s address is one of this machine’s';
    return route.kind === 'none' ? 'there is no route' : undefined;
  },
  async run(context) {
    const { subject, facts } = context;
    const address = facts.network.route?.gateway ?? subject.address;
    const neighbour = await watch(context, address);
    facts.network.neighbour = neighbour;
    return `${address}: ${neighbour.evidence.got}`;
  },
};

/** Waits while the kernel is still asking. The SYNs of the steps before made it ask. */
async function watch({ subject: { family }, facts, signal }: StepContext, address: string): Promise<Neighbour> {
  const device = facts.network.route?.device;
  const args = ['-j', `-${String(family)}`, 'neigh', 'show', 'to', address, ...(device === undefined ? [] : ['dev', device])];
  const startedAt = performance.now();
  for (;;) {
    const at = Date.now();
    const ended = await runProgram('ip', args, signal);
    if (ended === undefined) throw new Error('the program ip is not installed (Debian: iproute2)');
    const { state, text } = readNeighbour(ended.out);
    if (state !== 'asking' || performance.now() - startedAt > longestMs || signal.aborted) {
      const evidence = { sent: `ip ${args.slice(1).join(' ')}`, got: text, at };
      return { address, state: state === 'asking' ? 'unknown' : state, evidence };
    }
    await sleep(againMs, undefined, { signal }).catch(() => undefined);
  }
}

/** @param out of `ip -j neigh show to ADDRESS` */
export function readNeighbour(out: string): { readonly state: Neighbour['state'] | 'asking'; readonly text: string } {
  const entry = readJsonList<NeighbourEntry>(out)[0];
  const states = entry?.state ?? [];
  if (states.includes('FAILED')) return { state: 'absent', text: 'FAILED: no host answers for this address' };
  if (states.includes('INCOMPLETE')) return { state: 'asking', text: 'INCOMPLETE: the kernel asks for it' };
  if (entry?.lladdr !== undefined) return { state: 'present', text: `${entry.lladdr} answers for this address (${states.join(', ')})` };
  return { state: 'unknown', text: 'no entry' };
}

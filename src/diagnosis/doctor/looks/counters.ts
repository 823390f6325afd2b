/** Counters of the kernel that tell of dropped connections, watched for a moment. Source: proc(5), RFC 4022 and Linux’ own. */
import type { DoctorFacts, Look } from '../facts.js';
import { readIfThere } from '../machine.js';

const watchMs = 1000;
const file = '/proc/net/netstat';

/** Pairs of lines: names, then values. @returns counters by group and name, as in `TcpExt ListenOverflows` */
export function parseCounters(text: string): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  const lines = text.split('\n').map((line) => line.split(/\s+/));
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group = '', ...names] = lines[i]!;
    names.forEach((name, n) => counters.set(`${group.replace(':', '')} ${name}`, Number(lines[i + 1]![n + 1])));
  }
  return counters;
}

/** Whether it would tell anything that they grow: only then it is worth the time. */
function isWorthWatching({ listening, routes, sysctls }: DoctorFacts): boolean {
  const queues = listening?.here.filter(({ protocol }) => protocol === 'tcp') ?? [];
  const isQueueOpen = queues.some(({ waiting, backlog }) => waiting === undefined || backlog === undefined || waiting >= backlog);
  const isStrict = [...(routes?.reversePathFilter.values() ?? [])].includes(1);
  return isQueueOpen || isStrict || sysctls?.twRecycle === true;
}

export const countersLook: Look = {
  name: 'counters of dropped connections',
  async run({ machine, facts }) {
    const first = parseCounters((await readIfThere(machine, file)) ?? '');
    const watchedMs = isWorthWatching(facts) ? watchMs : 0;
    if (watchedMs > 0) await machine.sleep(watchedMs);
    const second = parseCounters((await readIfThere(machine, file)) ?? '');
    const grown = (name: string): number | undefined => {
      const [before, after] = [first.get(`TcpExt ${name}`), second.get(`TcpExt ${name}`)];
      return before === undefined || after === undefined ? undefined : after - before;
    };
    facts.queue = {
      overflows: grown('ListenOverflows'),
      overflowsEver: second.get('TcpExt ListenOverflows'),
      reversePathDrops: grown('IPReversePathFilter'),
      timestampDrops: grown('PAWSPassive'),
      watchedMs,
    };
    const { overflows, overflowsEver } = facts.queue;
    if (overflows === undefined) return 'not counted here';
    const watched = watchedMs > 0 ? `, ${overflows} times in ${watchedMs} ms` : '';
    return `accept queues of all programs overflowed ${overflowsEver} times since the start${watched}`;
  },
};

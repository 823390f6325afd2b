import t from 'tap';
import { CAP_NET_RAW, setInheritable } from '#vitald/process/capabilities.js';

const netRaw = 1 << CAP_NET_RAW;
const PR_CAP_AMBIENT = 47;
const clearAll = [PR_CAP_AMBIENT, 4, 0];
const raise = [PR_CAP_AMBIENT, 2, CAP_NET_RAW];

/** A thread with these sets; `mayCapset`: whether its sandbox lets it change them. */
function thread(permitted: number, inheritable: number, mayCapset = true) {
  const ambientCalls: number[][] = [];
  const sets = new Uint32Array([permitted, permitted, inheritable, 0, 0, 0]);
  const calls = {
    prctl: (...args: number[]) => (ambientCalls.push(args.slice(0, 3)), 0),
    capget: (_header: Uint32Array, into: Uint32Array) => (into.set(sets), 0),
    capset: (_header: Uint32Array, from: Uint32Array) => (mayCapset ? (sets.set(from), 0) : -1),
  };
  return { calls, ambientCalls, sets };
}

t.test('programs inherit nothing, and the thread keeps what it has', async (t) => {
  const { calls, ambientCalls, sets } = thread(netRaw, netRaw);
  setInheritable(calls, undefined);
  t.same(ambientCalls, [clearAll]);
  t.same([...sets], [netRaw, netRaw, 0, 0, 0, 0]);
});

t.test('one capability is handed on by a thread that has it', async (t) => {
  const { calls, ambientCalls, sets } = thread(netRaw | 1, 1);
  setInheritable(calls, CAP_NET_RAW);
  t.same(ambientCalls, [clearAll, raise]);
  t.same([...sets], [netRaw | 1, netRaw | 1, netRaw, 0, 0, 0], 'and no other');
});

t.test('a thread that does not have it hands on nothing', async (t) => {
  const { calls, ambientCalls } = thread(0, 0);
  setInheritable(calls, CAP_NET_RAW);
  t.same(ambientCalls, [clearAll]);
});

t.test('where capset is forbidden (systemd), the ambient set alone decides', async (t) => {
  const given = thread(netRaw, netRaw, false);
  setInheritable(given.calls, CAP_NET_RAW);
  t.same(given.ambientCalls, [clearAll, raise], 'it is handed on where systemd has made it inheritable');
  setInheritable(given.calls, undefined);
  t.same(given.ambientCalls.slice(2), [clearAll], 'and taken back');
  const other = thread(netRaw, 0, false);
  setInheritable(other.calls, CAP_NET_RAW);
  t.same(other.ambientCalls, [clearAll]);
});

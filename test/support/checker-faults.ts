/**
 * The faults of the checker that it survived: the table in docs/testing.md. A test reports a fault with {@link survived};
 * test/docs/checker-faults.test.ts fails if a row has no test, and the compiler if a test has no row.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { markdownTable } from '../../bench/report/markdown.js';

export interface CheckerFault {
  /** What went wrong with the checker. */
  readonly kind: string;
  /** How the test made it. */
  readonly how: string;
  /** How often the test makes it; the test reports the same number. */
  readonly times: number;
  /** What stayed true. */
  readonly result: string;
}

/** In the order of the table. Say "simulated" if nothing real was broken. */
export const checkerFaults = {
  'process-stopped': {
    kind: 'process stopped',
    how: 'SIGSTOP for 6 s, then SIGCONT, with 11 backends and a threshold of 1',
    times: 1,
    result: 'no backend changed, no probe failed',
  },
  'stopped-in-flood': {
    kind: 'process stopped beside a busy network',
    how: 'SIGSTOP while 100,000 unrelated TCP segments arrive',
    times: 1,
    result: 'the raw socket dropped nothing; the backend stayed healthy',
  },
  'clock-stalled': {
    kind: 'process stopped with probes in flight',
    how: 'simulated clock: nothing runs for 10 s, with 50 probes in flight and a threshold of 1',
    times: 1,
    result: 'no backend changed',
  },
  'turn-held-up': {
    kind: 'event loop held up beyond a deadline',
    how: 'a busy loop of 80 ms in the engine, with a UDP probe of 50 ms in flight',
    times: 1,
    result: 'silence to which the checker did not listen was not a pass',
  },
  'resources-exhausted': {
    kind: 'no descriptors left',
    how: 'simulated: every probe ends so for 60 s',
    times: 1,
    result: 'the backend stayed healthy, and the reason was shown',
  },
  'local-errors': {
    kind: 'descriptors, ports, buffers or memory exhausted',
    how: 'simulated: EADDRINUSE, EMFILE, ENFILE, ENOBUFS and ENOMEM from a UDP socket',
    times: 5,
    result: 'indeterminate: `checker_resources`',
  },
  'send-buffer-full': {
    kind: 'send buffer full',
    how: 'simulated: for the whole timeout of a SYN probe, and for one attempt',
    times: 2,
    result: 'indeterminate, and a pass by the next attempt',
  },
  'sending-forbidden': {
    kind: 'own firewall forbids sending',
    how: 'simulated: EPERM from the raw socket',
    times: 1,
    result: 'indeterminate: `checker_permission`',
  },
  'own-firewall': {
    kind: 'own firewall lets no probe out',
    how: 'nft rules for outgoing packets that drop, reject and reset, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 4,
    result: 'indeterminate: `checker_permission`; no backend changed',
  },
  'own-routes': {
    kind: 'own route prohibits the backend',
    how: '`prohibit` and `blackhole` routes, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 2,
    result: 'indeterminate: `checker_permission`; no backend changed',
  },
  'too-many-in-flight': {
    kind: 'too many UDP probes in flight',
    how: 'a probe beyond the limit',
    times: 1,
    result: 'indeterminate: `checker_resources`',
  },
  'source-missing': {
    kind: 'source address is not on this machine',
    how: '`--source` with an address that no interface has',
    times: 1,
    result: 'indeterminate: `checker_source_missing`',
  },
  'source-moved': {
    kind: 'source address moves to another machine and back',
    how: '`ip addr del` and `add`, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 3,
    result: 'indeterminate: `checker_source_missing`; no backend changed',
  },
  'standby-start': {
    kind: 'daemon started without its source address',
    how: 'the address comes later, with every kind of check over IPv4 and IPv6',
    times: 1,
    result: 'it runs and warns; every backend became healthy when the address came',
  },
  'interface-recreated': {
    kind: 'interface deleted and made anew',
    how: '`ip link del` and `add`, with every kind of check bound to it, over IPv4 and IPv6, and a threshold of 1',
    times: 2,
    result: 'indeterminate: `checker_source_missing`; no backend changed',
  },
  'link-down': {
    kind: 'link switched off',
    how: '`ip link set down`, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 1,
    result: 'indeterminate: `checker_offline`; no backend changed',
  },
  'no-carrier': {
    kind: 'link without carrier',
    how: 'the other end switched off, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 1,
    result: 'indeterminate: `checker_offline`; no backend changed',
  },
  'no-carrier-late': {
    kind: 'lost carrier that the kernel reports late',
    how: 'as before, right after another interface lost its carrier: Linux spaces such reports by a second',
    times: 2,
    result: 'indeterminate: `checker_offline`; no backend changed',
  },
  'routes-lost': {
    kind: 'every route lost',
    how: '`ip route del`, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 1,
    result: 'indeterminate: `checker_offline`; no backend changed',
  },
  'address-replaced': {
    kind: 'own address replaced by another',
    how: '`ip addr add` and `del`, with every kind of check over IPv4 and IPv6 and a threshold of 1',
    times: 2,
    result: 'no backend changed',
  },
  'interface-not-bound': {
    kind: 'interface cannot be bound',
    how: 'simulated: EPERM from `setsockopt`',
    times: 1,
    result: 'indeterminate: `checker_permission`',
  },
  'no-raw-sockets': {
    kind: 'no permission to open raw sockets',
    how: 'the daemon started without `CAP_NET_RAW`',
    times: 1,
    result: 'TCP probes connect instead; the backend became healthy',
  },
  'api-thread-crashed': {
    kind: 'API thread crashed',
    how: 'an exception that nothing catches',
    times: 1,
    result: 'started again with the present verdicts',
  },
  'killed-while-flapping': {
    kind: 'daemon killed',
    how: 'SIGKILL at random moments, with backends that flap',
    times: 4,
    result: 'no verdict and no override lost; revisions only grew',
  },
  'killed-while-saving': {
    kind: 'process killed while it saves',
    how: 'SIGKILL at random moments, with 1,000 backends saved without a pause',
    times: 12,
    result: 'each state that was confirmed was on disk, none damaged',
  },
  'state-damaged': {
    kind: 'state file damaged',
    how: 'cut short, bits flipped, zeroed, empty or replaced',
    times: 10,
    result: 'set aside with a message; the next start was clean',
  },
  'disk-full': {
    kind: 'disk full',
    how: 'a file system without room, until room is made',
    times: 1,
    result: 'the last good state stood; the next save followed by itself',
  },
} as const satisfies Readonly<Record<string, CheckerFault>>;

export type FaultName = keyof typeof checkerFaults;

/**
 * Reports a fault as survived. Call it after all other assertions of a test.
 *
 * @param times how often the test made the fault
 */
export function survived(t: Test, name: FaultName, times = 1): void {
  t.equal(times, checkerFaults[name].times, `survived ${times} ×: ${checkerFaults[name].kind} (checker-faults.ts)`);
}

/** The test files that report each fault, as paths in the repository. */
export function reportingTests(): Map<FaultName, string[]> {
  const found = new Map<FaultName, string[]>();
  for (const path of readdirSync('test', { recursive: true, encoding: 'utf8' }).sort()) {
    if (!path.endsWith('.test.ts')) continue;
    const file = join('test', path);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/\bsurvived\(t, '([\w-]+)'/g)) {
      found.set(name as FaultName, [...(found.get(name as FaultName) ?? []), file]);
    }
  }
  return found;
}

const begin = '<!-- Table generated by scripts/generate-docs.mjs; change test/support/checker-faults.ts, not the lines below. -->';
const end = '<!-- End of the generated table. -->';

/** docs/testing.md with its table as it must be. */
export function withCheckerFaults(document: string): string {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error('docs/testing.md has no place for the table of checker faults');
  return `${before}${begin}\n\n${faultTable()}\n${end}${after}`;
}

function faultTable(): string {
  const tests = reportingTests();
  return markdownTable(
    [{ title: 'fault' }, { title: 'how it is made' }, { title: 'times', align: 'right' }, { title: 'result' }, { title: 'test' }],
    Object.entries(checkerFaults).map(([name, { kind, how, times, result }]) => [
      kind,
      how,
      String(times),
      result,
      (tests.get(name as FaultName) ?? []).map((file) => `[${file.replace(/^test\/|\.test\.ts$/g, '')}](../${file})`).join(', '),
    ]),
  );
}

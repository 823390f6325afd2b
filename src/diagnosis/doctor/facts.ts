/** What the doctor's looks found. The rules read it. A field is undefined where its look saw nothing. */
import type { FirewallVerdict } from './firewall/evaluate.js';
import type { Interval } from './intervals.js';
import type { Connected, LocalAddress, Machine } from './machine.js';
import type { Question } from './options.js';

export interface Owner {
  readonly pid: number;
  readonly command: string;
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly inode: string;
  /** Undefined where it cannot be seen: another user's process, or the kernel itself. */
  readonly owner: Owner | undefined;
  /** Connections that wait for the program to accept them; undefined: not known. */
  readonly waiting?: number;
  /** How many may wait. */
  readonly backlog?: number;
  /** An IPv6 socket that does not take IPv4; undefined: not known. */
  readonly isV6Only?: boolean;
}

export interface ListeningFacts {
  /** On the port, in the doctor's own network namespace. */
  readonly here: readonly Listener[];
  /** On the port, in other network namespaces (containers) that could be seen. */
  readonly elsewhere: readonly { readonly address: string; readonly owner: Owner }[];
}

export interface QueueFacts {
  /** By how much the counters of this namespace grew while the doctor looked; undefined: not counted here. */
  readonly overflows: number | undefined;
  readonly overflowsEver: number | undefined;
  readonly reversePathDrops: number | undefined;
  readonly timestampDrops: number | undefined;
  readonly watchedMs: number;
}

export interface FirewallFacts {
  readonly request: FirewallVerdict;
  /** The same from an address that is not known. */
  readonly fromAnywhere: FirewallVerdict;
  readonly echo: FirewallVerdict;
  readonly reply: FirewallVerdict;
  /** What listed the rules, as in `nft list ruleset`. */
  readonly listedBy: readonly string[];
  readonly complete: boolean;
}

export interface RouteBack {
  readonly to: string;
  /** Undefined where there is no route; then `problem` has the kernel's word. */
  readonly device: string | undefined;
  readonly gateway: string | undefined;
  readonly isLocal: boolean;
  readonly problem: string | undefined;
  /** As asked, for the evidence. */
  readonly asked: string;
  readonly answer: string;
}

export interface RouteFacts {
  readonly back: readonly RouteBack[];
  readonly hasDefault: boolean | undefined;
  /** A gateway of the way back that does not answer for its address. */
  readonly deadGateway: string | undefined;
  /** By interface that the check may come by: the effective `rp_filter`, 0 to 2. */
  readonly reversePathFilter: ReadonlyMap<string, number>;
}

export interface HostsFacts {
  /** The line of hosts.deny that meets the source; undefined where none does. */
  readonly deny: string | undefined;
  /** Some of the source range only, or a name that cannot be compared with an address. */
  readonly isPartial: boolean;
  /** Whether the program that listens has libwrap, which reads these files. */
  readonly libwrap: 'yes' | 'no' | 'unknown';
}

export interface SysctlFacts {
  readonly twRecycle: boolean;
  readonly timestamps: boolean;
  readonly ignoresEcho: boolean;
  /** ms between ICMP errors to one address; 0: not limited. */
  readonly icmpRateLimit: number | undefined;
  readonly limitsUnreachable: boolean;
  readonly conntrackCount: number | undefined;
  readonly conntrackMax: number | undefined;
}

export interface LoadFacts {
  readonly load1: number | undefined;
  readonly availableBytes: number | undefined;
  readonly totalBytes: number | undefined;
  /** Share of the last 10 s in which something waited, in percent. */
  readonly cpuPressure: number | undefined;
  readonly memoryPressure: number | undefined;
  readonly ioPressure: number | undefined;
  /** As the kernel gives them. */
  readonly text: string;
}

export interface LocalAnswer extends Connected {
  readonly address: string;
  readonly port: number;
}

export interface DoctorFacts {
  firewall?: FirewallFacts;
  listening?: ListeningFacts;
  queue?: QueueFacts;
  routes?: RouteFacts;
  hosts?: HostsFacts;
  sysctls?: SysctlFacts;
  load?: LoadFacts;
  local?: LocalAnswer;
}

/** What the question means on this machine. */
export interface Case {
  readonly question: Question;
  /** Local addresses of the question's IP version, loopback left out. */
  readonly addresses: readonly LocalAddress[];
  /** Those that the check may go to. */
  readonly targets: readonly (LocalAddress & { readonly range: Interval })[];
  /** False where `question.address` is no address of this machine. */
  readonly hasAddress: boolean;
  /** Interfaces that the check may come by. */
  readonly interfaces: readonly string[];
  /** Wall-clock ms since the epoch. */
  readonly startedAt: number;
  readonly processors: number;
}

export interface LookContext {
  readonly case: Case;
  readonly machine: Machine;
  readonly facts: DoctorFacts;
  /** Part of a look could not be made. */
  readonly leaveOut: (name: string, why: string) => void;
}

/** One thing that the doctor looks at. */
export interface Look {
  /** For people. */
  readonly name: string;
  /** Writes its field of the facts. @returns what it saw, in a few words */
  run(context: LookContext): Promise<string>;
}

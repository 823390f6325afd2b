/** Findings whose fault is this checker’s own, or nobody’s that could be named. */
import { doctor } from './commands.js';
import type { FindingInfo } from './finding.js';

export const checkerFindings = {
  checker_cannot_send: {
    at: 'checker',
    title: 'The checker cannot send',
    meaning:
      'This machine does not let the check’s packets out: a rule of its own firewall, a missing permission, or no free descriptors, ports or buffers. It says nothing of the backend.',
    foundBy: 'The kernel of the checker refused to send.',
    remedy: {
      text: 'On the checker: look at its own outgoing firewall rules, and see docs/deployment.md for the permissions that vitald needs (CAP_NET_RAW).',
      linux: ['nft list ruleset', 'iptables -nvL OUTPUT', 'getpcaps $(pidof -s node)', 'ss -s'],
      windows: [],
    },
  },
  checker_source_missing: {
    at: 'checker',
    title: 'The checker does not have the check’s source address',
    meaning: 'The check is to leave from an address or an interface that this machine does not have (any more).',
    foundBy: 'The check’s `source` and `interface` were compared with the addresses of this machine.',
    remedy: {
      text: 'On the checker: set `source` or `interface` to one that is there, or add the address. After a failover the address may be on the other machine.',
      linux: ['ip address', 'ip address add {source}/32 dev INTERFACE'],
      windows: ['ipconfig /all'],
    },
  },
  checker_overloaded: {
    at: 'checker',
    title: 'The checker itself is too busy',
    meaning: 'This process was held up while it waited for the answer. Such a probe says nothing of the backend, and does not count.',
    foundBy: 'The probe ended as indeterminate: its timer fired late, or resources ran out.',
    remedy: {
      text: 'On the checker: look at the load of the machine and at `vitald_probe_start_delay_seconds`. Give vitald a processor of its own, or longer intervals.',
      linux: ['uptime', 'cat /proc/pressure/cpu', 'top -b -n 1 | head -20'],
      windows: [],
    },
  },
  unexplained: {
    at: 'checker',
    title: 'The cause was not found',
    meaning:
      'The check fails, and nothing that was tried explains it. Either the fault comes and goes, or only the backend’s side can see it.',
    foundBy: 'None of the rules spoke.',
    remedy: {
      text: 'Ask the same question on the backend with doctor. Then give both answers as JSON (`--json`: all that was sent and what came back, with times) to the next person who investigates.',
      linux: [doctor, `${doctor} --json > doctor.json`],
      windows: [],
    },
  },
} as const satisfies Readonly<Record<string, FindingInfo>>;

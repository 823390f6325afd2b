/** All backends of a listener die at once, and come back at once: refused (RST), then silent (dropped by a firewall). */
import { execFileSync } from 'node:child_process';
import type { Bench } from '../bench.js';
import type { Finding } from '../report/measurement.js';
import { loopbackAddresses } from '../support/addresses.js';
import { backendPort, type Backend } from '../support/backend.js';
import { untilState, withHealthyDaemon, type RunningDaemon } from '../support/daemon.js';
import { windowBetween } from '../support/metrics.js';
import { sleep } from '../support/process.js';
import { percentile } from '../support/statistics.js';
import { ClientProcess } from './clients.js';
import { startDelay } from './findings.js';

const intervalMs = 1000;
const pollers = 4;
/** For the last changes to reach the pollers, and for any that should not be there to show. */
const settleMs = 2000;

/** A way for all of them to be gone, and to be there again. */
interface Death {
  readonly name: string;
  die(backend: Backend): Promise<void> | void;
  comeBack(backend: Backend): Promise<void> | void;
}

const drop = `table inet vitald_bench {
  chain input {
    type filter hook input priority 0
    tcp dport ${backendPort} drop
  }
}
`;

const deaths: readonly Death[] = [
  { name: 'refused', die: (backend) => backend.close(), comeBack: (backend) => backend.listen() },
  { name: 'silent', die: () => nft(drop), comeBack: () => nft('delete table inet vitald_bench\n') },
];

interface World {
  readonly daemon: RunningDaemon;
  readonly backend: Backend;
  readonly client: ClientProcess;
  readonly backends: number;
}

export const massdeathBench: Bench = {
  name: 'massdeath',
  group: 'scale',
  title: 'All backends of a listener die at once, and come back at once',
  measure({ backends = 10_000 }) {
    return withHealthyDaemon({ backends: loopbackAddresses(backends), intervalMs }, async (daemon, backend) => {
      const client = await ClientProcess.start(daemon.url, { pollers });
      const findings: Finding[] = [];
      for (const death of deaths) findings.push(...(await dieAndComeBack(death, { daemon, backend, client, backends })));
      client.end();
      return {
        kind: 'findings',
        load: `${backends} TCP backends of one listener, probed once a second, and ${pollers} pollers that wait; all backends refuse (RST) for a while, then all are silent for a while.`,
        findings,
      };
    });
  },
};

async function dieAndComeBack(death: Death, { daemon, backend, client, backends }: World): Promise<Finding[]> {
  const before = await daemon.metrics();
  await client.takeCounts();
  const diedAt = performance.now();
  await death.die(backend);
  await untilState(daemon, 'unhealthy', backends);
  const allDeadMs = performance.now() - diedAt;
  await death.comeBack(backend);
  await untilState(daemon, 'healthy', backends);
  await sleep(settleMs);
  const { pollers: counts } = await client.takeCounts();
  const window = windowBetween(before, await daemon.metrics());
  const transitions = counts.map((each) => each.transitions);
  const delaysMs = counts.flatMap((each) => each.delaysMs);
  const due = 2 * backends;
  const findings: Finding[] = [
    { name: `transitions that each poller saw, of ${due}: fewest`, value: Math.min(...transitions), unit: '', target: { atLeast: due } },
    { name: `transitions that each poller saw, of ${due}: most`, value: Math.max(...transitions), unit: '', target: { atMost: due } },
    { name: 'changes told twice', value: counts.reduce((sum, { twice }) => sum + twice, 0), unit: '', target: { atMost: 0 } },
    { name: 'the last backend was unhealthy after', value: allDeadMs / 1000, unit: 's' },
    startDelay(window, 50),
    { name: 'from verdict to poller, p99', value: percentile(delaysMs, 0.99), unit: 'ms', target: { atMost: 50 } },
  ];
  return findings.map((finding) => ({ ...finding, name: `${death.name}: ${finding.name}` }));
}

function nft(commands: string): void {
  execFileSync('nft', ['-f', '-'], { input: commands });
}

/** vitald as a checker under a shortage: its verdicts as a reader of its events receives them. */
import { execFileSync } from 'node:child_process';
import { EventFollower } from '../follow/event-follower.js';
import { apiAddress, spawnConfigured, type ConfiguredDaemon } from '../support/daemon.js';
import type { CheckSettings, CheckedBackend, Checker } from './checker.js';
import type { ProbeCase } from './probe-cases.js';
import { VerdictBoard } from './verdict-board.js';

/** The options of a check that both programs have. */
export function checkOptions({ intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold }: CheckSettings): Record<string, unknown> {
  return {
    interval: `${intervalMs}ms`,
    timeout: `${timeoutMs}ms`,
    healthy_threshold: healthyThreshold,
    unhealthy_threshold: unhealthyThreshold,
  };
}

/** JSON, which is YAML. */
function configuration({ protocol, check }: ProbeCase, backends: readonly CheckedBackend[], settings: CheckSettings): string {
  const listener = { name: 'bench', protocol, profile: 'native', check: { ...check, ...checkOptions(settings) }, backends };
  return JSON.stringify({ server: { listen: apiAddress, state_dir: 'none' }, listeners: [listener] });
}

/** What `vitald check --print` says of a listener. */
interface Detection {
  /** null if silence is a pass. */
  readonly unhealthy_silent_seconds: number | null;
  readonly unhealthy_refused_seconds: number;
  readonly next_probe_seconds: number;
}

/** The longest time that vitald promises from a fault to `unhealthy`, in ms: until a probe meets it, and from there on. */
export interface Promised {
  /** undefined if silence is a pass. */
  readonly silentMs: number | undefined;
  readonly refusedMs: number;
}

/** By listener of a configuration. */
export function promisedOf(file: string): Map<string, Promised> {
  const printed = execFileSync(process.execPath, ['dist/main.js', 'check', '-c', file, '--print', '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const { effective } = JSON.parse(printed) as { effective: { listeners: { name: string; detection: Detection }[] } };
  return new Map(
    effective.listeners.map(({ name, detection }) => {
      const { unhealthy_silent_seconds: silent, unhealthy_refused_seconds: refused, next_probe_seconds: next } = detection;
      return [name, { silentMs: silent === null ? undefined : (silent + next) * 1000, refusedMs: (refused + next) * 1000 }];
    }),
  );
}

/** @throws Error if the faults of this probe are silent, and silence is a pass */
export function promisedMs({ silentMs, refusedMs }: Promised, { name, ways }: ProbeCase): number {
  const ms = ways.includes('closed') ? refusedMs : silentMs;
  if (ms === undefined) throw new Error(`${name}: vitald does not promise to find a silent backend`);
  return ms;
}

export class VitaldChecker implements Checker {
  readonly board = new VerdictBoard();
  readonly #daemon: ConfiguredDaemon;
  readonly #follower: EventFollower;

  private constructor(daemon: ConfiguredDaemon) {
    this.#daemon = daemon;
    this.#follower = new EventFollower(daemon.url, ({ backend, state }, _before, receivedAt) => {
      if (state === 'healthy' || state === 'unhealthy') this.board.set(backend, state === 'healthy', receivedAt);
    });
  }

  static async start(probe: ProbeCase, backends: readonly CheckedBackend[], settings: CheckSettings): Promise<VitaldChecker> {
    const daemon = spawnConfigured(configuration(probe, backends, settings));
    await daemon.serving;
    const checker = new VitaldChecker(daemon);
    void checker.#follower.follow();
    return checker;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  promisedMs(probe: ProbeCase): number {
    return promisedMs(promisedOf(this.#daemon.file).get('bench')!, probe);
  }

  async stop(): Promise<void> {
    this.#follower.end();
    await this.#daemon.stop();
  }
}

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

/**
 * The longest time that vitald promises for each listener of a configuration, from a fault to `unhealthy`: until the
 * first probe that meets it begins, and from there on.
 *
 * @returns ms by listener
 */
export function promisedMs(file: string, fault: 'silent' | 'refused'): Map<string, number> {
  const printed = execFileSync(process.execPath, ['dist/main.js', 'check', '-c', file, '--print', '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const { effective } = JSON.parse(printed) as { effective: { listeners: { name: string; detection: Detection }[] } };
  return new Map(
    effective.listeners.map(({ name, detection }) => {
      const found = fault === 'silent' ? detection.unhealthy_silent_seconds : detection.unhealthy_refused_seconds;
      if (found === null) throw new Error(`${name}: vitald does not promise to find a silent backend`);
      return [name, (found + detection.next_probe_seconds) * 1000];
    }),
  );
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

  promisedMs(fault: 'silent' | 'refused'): number {
    return promisedMs(this.#daemon.file, fault).get('bench')!;
  }

  async stop(): Promise<void> {
    this.#follower.end();
    await this.#daemon.stop();
  }
}

/** The measurement's end of followers-process.ts. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface FollowersReport {
  readonly followers: number;
  /** What a follower has that the daemon has not, or the other way around. */
  readonly wrong: readonly string[];
  /** Connections that were cut. */
  readonly cuts: number;
  /** How often the daemon made a follower start over. */
  readonly startedOver: number;
}

export class Followers {
  readonly #child: ChildProcess;

  /** @param ofEach pollers, and as many readers of events */
  constructor(url: string, ofEach: number) {
    this.#child = fork(fileURLToPath(new URL('./followers-process.js', import.meta.url)), [url, String(ofEach)]);
  }

  /** Cuts no more connections, and compares every picture with the daemon's. Call it when nothing changes any more. */
  async finish(): Promise<FollowersReport> {
    this.#child.send('finish');
    const [report] = (await once(this.#child, 'message')) as [FollowersReport];
    return report;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

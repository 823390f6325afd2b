/** What the daemon suffers from time to time during the soak. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../support/process.js';

/** Between two of the same kind, on average; less in a short soak, so that there are some. */
const pauseMs = 60_000;
const fewest = 6;

const between = (least: number, most: number): number => least + Math.random() * (most - least);

export class Hardships {
  readonly #pid: number;
  readonly #pauseMs: number;
  #over = false;
  #running: Promise<unknown> = Promise.resolve();
  stops = 0;
  limitsLowered = 0;

  /** @param forMs how long the soak lasts */
  constructor(pid: number, forMs: number) {
    this.#pid = pid;
    this.#pauseMs = Math.min(pauseMs, forMs / fewest);
  }

  begin(): void {
    this.#running = Promise.all([this.#stopNowAndThen(), this.#lowerLimitNowAndThen()]);
  }

  /** Ends them; the daemon has all that it had before. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #stopNowAndThen(): Promise<void> {
    while (await this.#pauseIsOver()) {
      process.kill(this.#pid, 'SIGSTOP');
      await sleep(between(1000, 5000));
      process.kill(this.#pid, 'SIGCONT');
      this.stops++;
    }
  }

  /** Below what is open, so that nothing can be opened; or a few above, so that some can. */
  async #lowerLimitNowAndThen(): Promise<void> {
    const usual = descriptorLimit(this.#pid);
    while (await this.#pauseIsOver()) {
      const open = openDescriptors(this.#pid);
      setDescriptorLimit(this.#pid, Math.max(30, Math.round(open * between(0.5, 1.2))));
      await sleep(between(2000, 10_000));
      setDescriptorLimit(this.#pid, usual);
      this.limitsLowered++;
    }
  }

  /** @returns false if the soak ended meanwhile */
  async #pauseIsOver(): Promise<boolean> {
    const until = performance.now() + between(0.5, 1.5) * this.#pauseMs;
    while (performance.now() < until && !this.#over) await sleep(200);
    return !this.#over;
  }
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function descriptorLimit(pid: number): number {
  return Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))![1]);
}

/** Sets the soft limit; the hard one stays. */
function setDescriptorLimit(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

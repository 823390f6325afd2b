/**
 * Pushes verdicts to HAProxy over its Runtime API. Every run reads what HAProxy has and sets what differs, whatever led to
 * it: a verdict, a restart of either side, a hand that changed something there. So there is nothing to remember and
 * nothing to catch up with.
 */
import { Cycle, Incomplete, type RunOutcome } from '../../retry/cycle.js';
import { ServerNames } from '../haproxy/names.js';
import { targetOf } from '../haproxy/target.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { batches, commandsFor } from './commands.js';
import { socketProblem, type RuntimeOptions, runtimeOptions } from './options.js';
import { Review } from './review.js';
import { ServersState } from './servers-state.js';
import { exchange } from './stats-socket.js';

/** HAProxy answers within milliseconds; one that is stopped does not at all. */
const limitMs = 2000;
/** Between two runs: a storm of changes costs fifty of them a second. */
const minIntervalMs = 20;
/** The socket is near: a failed attempt costs nothing, and a HAProxy that comes back has every server up until then. */
const firstBackoffMs = 100;
const longestBackoffMs = 1000;

const cutShort = 'it closed the connection before all of its answer was there';

export class HaproxyRuntime implements Output {
  readonly #context: OutputContext;
  readonly #options: RuntimeOptions;
  readonly #names: ServerNames;
  readonly #cycle: Cycle;
  #timer: NodeJS.Timeout | undefined;
  #pid: number | undefined;
  #review: Review;
  #commands = 0;

  constructor(context: OutputContext) {
    const { log, view } = context;
    this.#context = context;
    this.#options = runtimeOptions(context.options);
    this.#names = new ServerNames(view, this.#options);
    this.#review = new Review(this.#names, view);
    this.#cycle = new Cycle({
      run: (signal) => this.#run(signal),
      minIntervalMs,
      limitMs,
      firstBackoffMs,
      longestBackoffMs,
      onFailing: (problem) => log.warn({ problem }, 'cannot reach HAProxy; its servers keep their current state'),
      onRecovered: () => log.info('reached HAProxy again'),
      onIncomplete: (problem) => {
        if (problem === undefined) log.info('everything in HAProxy follows');
        else log.warn({ problem }, `HAProxy does not follow everything: ${problem}`);
      },
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.#cycle.wake(), this.#options.reconcileIntervalMs);
    this.#cycle.wake();
  }

  changed(): void {
    this.#cycle.wake();
  }

  state(): OutputState {
    const { servers, unknownServers, listenersNotFollowed } = this.#review;
    return {
      ...this.#cycle.state,
      details: {
        haproxy_pid: this.#pid ?? null,
        servers,
        servers_unknown_here: unknownServers,
        listeners_not_followed: listenersNotFollowed,
        commands_sent: this.#commands,
      },
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cycle.close();
  }

  async #run(signal: AbortSignal): Promise<RunOutcome> {
    const { view } = this.#context;
    const { revision } = view;
    const review = new Review(this.#names, view);
    try {
      const commands = await this.#read(review, signal);
      for (const batch of batches(commands)) await this.#send(batch, review, signal);
    } catch (error) {
      throw new Error(socketProblem(error as NodeJS.ErrnoException, this.#options), { cause: error });
    }
    review.finish();
    this.#review = review;
    return review.problem === undefined ? revision : new Incomplete(revision, review.problem);
  }

  /** @returns what is to be set */
  async #read(review: Review, signal: AbortSignal): Promise<string[]> {
    const state = new ServersState();
    const commands: string[] = [];
    let pid: number | undefined;
    await exchange(
      this.#options.socket,
      'show info;show servers state',
      (line) => {
        if (!state.hasBegun) pid ??= pidIn(line);
        const server = state.line(line);
        if (server === undefined) return;
        const backend = this.#names.find(server.backend, server.server);
        review.saw(server, backend);
        if (backend !== undefined) commands.push(...commandsFor(server, targetOf(backend, this.#options), this.#options.weights));
      },
      signal,
    );
    if (state.hasBegun && !state.isComplete) throw new Error(cutShort);
    if (pid === undefined || !state.hasBegun) throw new Error('the answer is not one of HAProxy');
    this.#notePid(pid);
    return commands;
  }

  #notePid(pid: number): void {
    if (this.#pid !== undefined && this.#pid !== pid) {
      this.#context.log.info({ pid, before: this.#pid }, 'another process of HAProxy is in charge; its servers are set again');
    }
    this.#pid = pid;
  }

  /** Each command answers with its complaint, if it has one, and an empty line. */
  async #send(batch: readonly string[], review: Review, signal: AbortSignal): Promise<void> {
    let place = 0;
    await exchange(
      this.#options.socket,
      batch.join(';'),
      (line) => {
        if (line === '') place++;
        else review.refused(batch[place] ?? '', line);
      },
      signal,
    );
    if (place < batch.length) throw new Error(cutShort);
    this.#commands += batch.length;
    for (const command of batch) this.#context.log.debug({ command }, 'command sent to HAProxy');
  }
}

function pidIn(line: string): number | undefined {
  const digits = /^Pid: (\d{1,10})$/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Keeps the servers of nginx as the verdicts are: see upstream-file.ts for how, servers.ts for what. */
import { clearTimeout, setTimeout as setTimeoutOnce } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { readBounded } from '../../../files/bounded-read.js';
import type { Change } from '../../../messages.js';
import { rfc3339 } from '../../http/time.js';
import { Cycle, Incomplete, type RunOutcome } from '../../retry/cycle.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { OneAtATime } from '../one-at-a-time.js';
import { fileProblem } from '../replace-file.js';
import { forEachInSlices } from '../../retry/slices.js';
import { isIncluded } from './included.js';
import { KnownServers } from './known-servers.js';
import type { NginxOptions } from './options.js';
import { someAreUnknown, upstreamFileData, type UpstreamFileData } from './servers.js';
import { defaultTemplate, parseTemplate, render } from './template.js';
import { UpstreamFile } from './upstream-file.js';
import { WrittenServers } from './written-servers.js';

/** Between two looks whether there are verdicts yet, at the start. */
const lookMs = 200;
/** What is left of a run beside its commands: reading, writing, filling in. */
const fileLimitMs = 30_000;
/** From the end of a command that was ended to the end of the run. */
const closeWithinMs = 900;
/** A template that is longer is none. */
const longestTemplate = 1_000_000;
/** A template that is so large is not even looked at. */
const mostTemplateBytes = 4 * longestTemplate;
/** Half of it passes for certain: a reload command that does reload, and then fails, is not run again within a second. */
const firstBackoffMs = 2000;
/** From a run that found that not everything follows to the next one: an operator may have fixed it. */
const lookAgainMs = 5000;

export class NginxOutput implements Output {
  readonly #context: OutputContext;
  readonly #options: NginxOptions;
  readonly #file: UpstreamFile;
  readonly #cycle: Cycle;
  readonly #closing = new AbortController();
  /** A run that is ended has a file to put back first. */
  readonly #runs = new OneAtATime();
  #hasBegun = false;
  /** Undefined: not known. What was included once is not looked for again before something changes. */
  #isIncluded: boolean | undefined;
  #cancelLook: (() => void) | undefined;
  #reloads = 0;
  #lastReloadAt: number | undefined;
  #servers: { readonly up: number; readonly down: number } | undefined;

  constructor(context: OutputContext, options: NginxOptions) {
    const { path, testCommand, reloadCommand, commandTimeoutMs: limitMs, minIntervalMs } = options;
    this.#context = context;
    this.#options = options;
    this.#file = new UpstreamFile({ path, test: { argv: testCommand, limitMs }, reload: { argv: reloadCommand, limitMs } });
    this.#cycle = new Cycle({
      run: (signal) => this.#runs.run(() => this.#bringUpToDate(signal)),
      minIntervalMs,
      // The test, perhaps once more without the new file, and the reload.
      limitMs: 3 * limitMs + fileLimitMs,
      firstBackoffMs,
      onFailing: (problem) => context.log.warn({ problem }, `nginx does not follow the verdicts: ${problem}`),
      onRecovered: () => context.log.info('nginx follows the verdicts again'),
      onIncomplete: (problem) => {
        if (problem === undefined) context.log.info('nginx follows all verdicts');
        else context.log.warn({ problem }, `nginx does not follow everything: ${problem}`);
      },
    });
  }

  start(): void {
    void this.#begin();
  }

  changed(changes: readonly Change[]): void {
    const { listeners } = this.#options;
    const concernsUs = listeners === undefined || changes.some(({ listener }) => listeners.includes(listener));
    if (this.#hasBegun && concernsUs) this.#cycle.wake();
  }

  state(): OutputState {
    const { path } = this.#options;
    const lastReloadAt = this.#lastReloadAt === undefined ? null : rfc3339(this.#lastReloadAt);
    const { up = null, down = null } = this.#servers ?? {};
    const details = { path, servers_up: up, servers_down: down, reloads: this.#reloads, last_reload_at: lastReloadAt };
    return { ...this.#cycle.state, details };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelLook?.();
    await this.#cycle.close();
    await this.#runs.idle(closeWithinMs);
  }

  get #listeners(): readonly string[] {
    return this.#options.listeners ?? this.#context.view.listeners;
  }

  /** The file stays as it is until there is something to say: servers that it does not know need a probe first. */
  async #begin(): Promise<void> {
    const { view } = this.#context;
    const { signal } = this.#closing;
    while (!signal.aborted && !view.isReady && (await this.#knowsTooLittle())) await setTimeout(lookMs, undefined, { ref: false });
    this.#hasBegun = true;
    if (!signal.aborted) this.#cycle.wake();
  }

  async #knowsTooLittle(): Promise<boolean> {
    try {
      return await someAreUnknown(this.#context.view, this.#listeners, await knownServers(await this.#file.read()));
    } catch {
      // The first run will say what is wrong with the file, and try again.
      return false;
    }
  }

  async #bringUpToDate(signal: AbortSignal): Promise<RunOutcome> {
    const { view, log } = this.#context;
    const { revision } = view;
    const template = parseTemplate(await this.#template());
    const present = await this.#file.read();
    const data = await upstreamFileData(view, this.#listeners, await knownServers(present));
    const written = new WrittenServers(data);
    const wanted = await filledIn(template, written.data);
    signal.throwIfAborted();
    const reloaded = await this.#file.install(wanted, present, signal);
    this.#servers = countServers(data);
    if (reloaded) {
      this.#reloads++;
      this.#lastReloadAt = Date.now();
      log.info({ servers: this.#servers, revision }, `nginx was reloaded: ${this.#servers.up} servers up, ${this.#servers.down} down`);
    }
    const problem = await this.#notFollowed(written.leftOut(), signal);
    if (problem === undefined) return revision;
    this.#lookAgain();
    return new Incomplete(revision, problem);
  }

  /** What nginx does not follow although the file is in place, and what to write; undefined: nothing. */
  async #notFollowed(leftOut: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { path, templateFile, testCommand: argv, commandTimeoutMs: limitMs } = this.#options;
    if (this.#isIncluded !== true) this.#isIncluded = await isIncluded(path, { argv, limitMs }, signal);
    if (this.#isIncluded === false)
      return `nginx does not read ${path}: write include ${path}; within http (or stream) in nginx.conf, and reload nginx`;
    if (leftOut.length === 0) return undefined;
    return (
      `${templateFile ?? 'the template'} writes no server of listener ${leftOut.join(', ')}: let it go through {{#listeners}} and {{#servers}}, ` +
      'with a line server {{endpoint}}; or list under listeners: in this output those that it writes'
    );
  }

  #lookAgain(): void {
    this.#cancelLook?.();
    const timer = setTimeoutOnce(() => this.#cycle.wake(), lookAgainMs);
    timer.unref();
    this.#cancelLook = () => clearTimeout(timer);
  }

  /** Read each time: whoever mends a template sees it taken up at the next attempt. */
  async #template(): Promise<string> {
    const { templateFile } = this.#options;
    if (templateFile === undefined) return defaultTemplate;
    const bytes = await readBounded(templateFile, { mostBytes: mostTemplateBytes }).catch((error: unknown) => {
      throw fileProblem(templateFile, 'read', error);
    });
    const text = bytes.toString('utf8');
    if (text.length > longestTemplate) throw new Error(`${templateFile} is longer than ${longestTemplate} characters: that is no template`);
    return text;
  }
}

async function knownServers(present: Buffer | undefined): Promise<KnownServers> {
  return KnownServers.read(present?.toString('utf8') ?? '');
}

async function filledIn(template: ReturnType<typeof parseTemplate>, data: UpstreamFileData): Promise<Buffer> {
  const pieces: string[] = [];
  await forEachInSlices(render(template, data), (piece) => pieces.push(piece));
  return Buffer.from(pieces.join(''), 'utf8');
}

function countServers({ listeners }: UpstreamFileData): { readonly up: number; readonly down: number } {
  const all = listeners.reduce((sum, { servers }) => sum + servers.length, 0);
  const up = listeners.reduce((sum, { servers }) => sum + servers.filter((server) => server.up).length, 0);
  return { up, down: all - up };
}

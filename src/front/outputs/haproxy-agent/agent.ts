/** The agent: HAProxy connects for each server at its `agent-inter`, names the server by `agent-send`, and is told. */
import { formatEndpoint } from '../../../endpoint.js';
import { quoted } from '../../../config/problem.js';
import { instantNow, type Instant } from '../../../instant.js';
import { yamlPair } from '../../../config/yaml-text.js';
import type { Change } from '../../../messages.js';
import { AskedListeners, type MissingBackends } from '../asked-listeners.js';
import { Cycle } from '../../retry/cycle.js';
import type { HaproxyOptions } from '../haproxy/options.js';
import { ServerNames } from '../haproxy/names.js';
import type { Output, OutputContext, OutputState } from '../output.js';
import { ToldProblems } from '../told-problems.js';
import { agentAnswer } from './answer.js';
import { LineServer } from './line-server.js';
import { parseListen, type ListenEndpoint } from './listen.js';

export interface AgentOptions extends HaproxyOptions {
  /** ADDRESS:PORT, checked. */
  readonly listen: string;
}

/** A question that could not be answered is a problem for so long; servers are asked for every few seconds. */
const complainForMs = 30_000;
/** Names that were asked for in vain are each logged once, so many of them. */
const mostLogged = 50;
const lookMs = 1000;
/** HAProxy asks for each server every `agent-inter`, 2 s by default. */
const defaultWindowMs = 30_000;
const mostShown = 5;
const nameLength = 60;
const listenAgainMs = { first: 500, longest: 5000 };
const listenWithinMs = 5000;

export class HaproxyAgent implements Output {
  readonly #context: OutputContext;
  readonly #options: AgentOptions;
  readonly #names: ServerNames;
  readonly #listening: Cycle;
  readonly #asked: AskedListeners;
  readonly #missing: ToldProblems;
  #timer: NodeJS.Timeout | undefined;
  #server: LineServer | undefined;
  readonly #logged = new Set<string>();
  #answers = 0;
  #lastAnswerAt: number | undefined;
  #unanswered = 0;
  #lastUnansweredAt: Instant | undefined;
  #complaint = '';

  /** @param windowMs how long a server may go without a question */
  constructor(context: OutputContext, windowMs = defaultWindowMs) {
    const { log, options, view } = context;
    this.#context = context;
    this.#options = options as unknown as AgentOptions;
    this.#names = new ServerNames(view, this.#options);
    this.#asked = new AskedListeners({ view, only: this.#options.listeners, windowMs });
    this.#missing = new ToldProblems(log, 'HAProxy');
    this.#listening = new Cycle({
      run: (signal) => this.#listen(signal),
      minIntervalMs: 0,
      limitMs: listenWithinMs,
      firstBackoffMs: listenAgainMs.first,
      longestBackoffMs: listenAgainMs.longest,
      onFailing: (problem) => log.warn({ problem }, 'HAProxy cannot be answered'),
      onRecovered: () => log.info('HAProxy can be answered again'),
    });
  }

  start(): void {
    this.#listening.wake();
    this.#timer = setInterval(() => {
      this.#asked.look();
      this.#missing.tell(this.#notAsked());
    }, lookMs);
    this.#timer.unref();
  }

  /** HAProxy asks: there is nothing to tell. */
  changed(changes: readonly Change[]): void {
    this.#asked.changed(changes);
  }

  state(): OutputState {
    const { state, problem } = this.#judged();
    return {
      state,
      problem,
      revision: undefined,
      lastSuccessAt: this.#lastAnswerAt,
      lastFailureAt: this.#lastUnansweredAt?.wallMs ?? this.#listening.state.lastFailureAt,
      successes: this.#answers,
      failures: this.#unanswered + this.#listening.state.failures,
      details: { port: this.#server?.port ?? null, connections: this.#server?.openConnections ?? 0 },
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listening.close();
    await this.#server?.close();
  }

  #judged(): Pick<OutputState, 'state' | 'problem'> {
    const { state, problem } = this.#listening.state;
    if (state === 'failing') return { state, problem };
    if (this.#lastUnansweredAt !== undefined && instantNow().monotonicMs - this.#lastUnansweredAt.monotonicMs < complainForMs) {
      return { state: 'failing', problem: this.#complaint };
    }
    const missing = this.#notAsked();
    if (missing !== undefined) return { state: 'failing', problem: missing };
    if (this.#lastAnswerAt !== undefined) return { state: 'ok', problem: undefined };
    return { state: state === 'starting' ? 'starting' : 'idle', problem: undefined };
  }

  /** Listeners and backends that HAProxy does not ask for, and what to write there. */
  #notAsked(): string | undefined {
    const { isSilent, listeners, backends } = this.#asked.missing;
    if (isSilent) return `HAProxy does not ask any more: is it running, and do its servers have agent-check with ${this.#agentPort()}?`;
    const parts = [
      ...(listeners.length === 0 ? [] : [this.#listenersNotAsked(listeners)]),
      ...backends.slice(0, mostShown).map((one) => this.#backendsNotAsked(one)),
      ...(backends.length > mostShown ? [`and the same for ${backends.length - mostShown} more listeners`] : []),
    ];
    return parts.length === 0 ? undefined : parts.join('; ');
  }

  #listenersNotAsked(listeners: readonly string[]): string {
    const left = listeners.length - mostShown;
    const names = `${listeners.slice(0, mostShown).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
    return (
      `HAProxy does not ask for listener ${names}: give its servers agent-check ${this.#agentPort()} agent-send "${listeners[0]!}/BACKEND\\n"; ` +
      'if this HAProxy does not serve it, list under listeners: in this output those that it serves'
    );
  }

  #backendsNotAsked({ listener, ids, count }: MissingBackends): string {
    const left = count - ids.length;
    const names = `${ids.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
    return `HAProxy does not ask for ${count} of the backends of listener ${listener} (${names}): give their servers agent-check ${this.#agentPort()} agent-send "${listener}/${ids[0]!}\\n"`;
  }

  #agentPort(): string {
    return `agent-port ${this.#server?.port ?? (parseListen(this.#options.listen) as ListenEndpoint).port}`;
  }

  async #listen(signal: AbortSignal): Promise<undefined> {
    const { address, port } = parseListen(this.#options.listen) as ListenEndpoint;
    const server = new LineServer({
      answer: (line) => this.#answer(line),
      incomplete: (sent) => this.#incomplete(sent),
    });
    try {
      await server.listen(address, port);
    } catch (error) {
      throw new Error(listenProblem(error as NodeJS.ErrnoException, this.#options.listen), { cause: error });
    }
    if (signal.aborted) {
      await server.close();
      return undefined;
    }
    this.#server = server;
    this.#context.log.info({ listen: formatEndpoint(address, server.port ?? port) }, 'listening for HAProxy agent checks');
    return undefined;
  }

  #answer(line: string): string | undefined {
    const name = line.trim();
    const slash = name.indexOf('/');
    const backend = slash === -1 ? undefined : this.#names.find(name.slice(0, slash), name.slice(slash + 1));
    if (backend === undefined) {
      this.#complain(
        `HAProxy asks for ${quoted(name)}, which is no LISTENER/BACKEND here; set agent-send, or ${this.#mappingFor(name)} in this output`,
      );
      return undefined;
    }
    this.#asked.asked(backend.listener, backend.backend);
    this.#answers++;
    this.#lastAnswerAt = Date.now();
    return agentAnswer(backend, this.#options);
  }

  /** What to write for a name of HAProxy that is none here. */
  #mappingFor(name: string): string {
    const slash = name.indexOf('/');
    const pool = name.slice(0, slash);
    const listener = slash === -1 ? undefined : this.#names.listenerOf(pool);
    if (listener !== undefined) return `servers: { ${yamlPair(shortened(name), `${listener}/BACKEND`)} }`;
    return slash === -1 ? "the output's backends and servers" : `backends: { ${yamlPair(shortened(pool), 'LISTENER')} }`;
  }

  /** Most likely HAProxy was not told to send a name, or to end it. */
  #incomplete(sent: string): void {
    if (sent === '') this.#complain(`HAProxy connects and does not say for which server; add agent-send "LISTENER/BACKEND\\n" to it`);
    else this.#complain(`HAProxy sends ${quoted(sent)} without an end of line; let agent-send end with \\n`);
  }

  #complain(complaint: string): void {
    this.#unanswered++;
    this.#lastUnansweredAt = instantNow();
    this.#complaint = complaint;
    if (this.#logged.size >= mostLogged || this.#logged.has(complaint)) return;
    this.#logged.add(complaint);
    this.#context.log.warn({ problem: complaint }, 'a question of HAProxy was not answered');
  }
}

function shortened(name: string): string {
  return name.length > nameLength ? `${name.slice(0, nameLength)}…` : name;
}

function listenProblem(error: NodeJS.ErrnoException, listen: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${listen} is in use by another program; stop it, or set the output's listen to another port`;
    case 'EADDRNOTAVAIL':
      return `${listen} is not an address of this machine; set the output's listen to one that is`;
    case 'EACCES':
      return `this user may not listen at ${listen}; set the output's listen to a port above 1023`;
    default:
      return `cannot listen at ${listen}: ${error.message}`;
  }
}

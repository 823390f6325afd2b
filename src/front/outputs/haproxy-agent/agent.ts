/** The agent: HAProxy connects for each server at its `agent-inter`, names the server by `agent-send`, and is told. */
import { formatEndpoint } from '../../../config/address.js';
import { quoted } from '../../../config/problem.js';
import { instantNow, type Instant } from '../../../status/instant.js';
import { Cycle } from '../cycle.js';
import type { HaproxyOptions } from '../haproxy/options.js';
import { ServerNames } from '../haproxy/names.js';
import type { Output, OutputContext, OutputState } from '../output.js';
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
const listenAgainMs = { first: 500, longest: 5000 };
const listenWithinMs = 5000;

export class HaproxyAgent implements Output {
  readonly #context: OutputContext;
  readonly #options: AgentOptions;
  readonly #names: ServerNames;
  readonly #listening: Cycle;
  #server: LineServer | undefined;
  readonly #logged = new Set<string>();
  #answers = 0;
  #lastAnswerAt: number | undefined;
  #unanswered = 0;
  #lastUnansweredAt: Instant | undefined;
  #complaint = '';

  constructor(context: OutputContext) {
    const { log, options, view } = context;
    this.#context = context;
    this.#options = options as unknown as AgentOptions;
    this.#names = new ServerNames(view, this.#options);
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
  }

  /** HAProxy asks: there is nothing to tell. */
  changed(): void {}

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
    await this.#listening.close();
    await this.#server?.close();
  }

  #judged(): Pick<OutputState, 'state' | 'problem'> {
    const { state, problem } = this.#listening.state;
    if (state === 'failing') return { state, problem };
    if (this.#lastUnansweredAt !== undefined && instantNow().monotonicMs - this.#lastUnansweredAt.monotonicMs < complainForMs) {
      return { state: 'failing', problem: this.#complaint };
    }
    return { state: this.#lastAnswerAt === undefined ? 'starting' : 'ok', problem: undefined };
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
    this.#context.log.info({ listen: formatEndpoint(address, server.port ?? port) }, 'HAProxy may ask');
    return undefined;
  }

  #answer(line: string): string | undefined {
    const name = line.trim();
    const slash = name.indexOf('/');
    const backend = slash === -1 ? undefined : this.#names.find(name.slice(0, slash), name.slice(slash + 1));
    if (backend === undefined) {
      this.#complain(
        `HAProxy asks for ${quoted(name)}, which is no LISTENER/BACKEND here; set agent-send, or the output's backends and servers`,
      );
      return undefined;
    }
    this.#answers++;
    this.#lastAnswerAt = Date.now();
    return agentAnswer(backend, this.#options);
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

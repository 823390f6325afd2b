/** The test's end of the line to its agent in a namespace. */
import { resolve } from 'node:path';
import type { Child, ChildOptions } from '../child.js';
import type { AgentAnswer, AgentCalls, AgentRequest } from './agent-messages.js';

const program = resolve('build/test/support/lab/agent.js');

export class Agent {
  readonly #child: Child;
  readonly #waiting = new Map<number, (answer: AgentAnswer) => void>();
  #lastId = 0;

  private constructor(child: Child) {
    this.#child = child;
    child.process.on('message', (answer: AgentAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    void child.ended.then(({ err }) => {
      for (const [id, answer] of this.#waiting) answer({ id, error: `the agent ended: ${err}` });
    });
  }

  /** @param start starts a program in the namespace */
  static async start(start: (command: readonly string[], options: ChildOptions) => Child): Promise<Agent> {
    const agent = new Agent(start([process.execPath, program], { ipc: true }));
    await agent.#answer(0);
    return agent;
  }

  /** @throws Error where the agent could not do it */
  async call<Call extends keyof AgentCalls>(
    call: Call,
    argument: Parameters<AgentCalls[Call]>[0],
  ): Promise<Awaited<ReturnType<AgentCalls[Call]>>> {
    const id = ++this.#lastId;
    const answered = this.#answer(id);
    this.#child.process.send({ id, call, argument } satisfies AgentRequest);
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(`${call}: ${error}`);
    return result as Awaited<ReturnType<AgentCalls[Call]>>;
  }

  #answer(id: number): Promise<AgentAnswer> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}

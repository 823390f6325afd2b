/** The front's way to ask the engine for something, and to learn what became of it. */
import type { Command, CommandDoneMessage, CommandMessage, CommandResult } from '../../messages.js';

export class EnginePort {
  readonly #post: (message: CommandMessage) => void;
  readonly #appliedUpTo: (revision: number) => Promise<void>;
  readonly #waiting = new Map<number, (result: CommandResult) => void>();
  #lastId = 0;

  /**
   * @param post sends to the engine
   * @param appliedUpTo resolves when this thread knows all changes up to a revision
   */
  constructor(post: (message: CommandMessage) => void, appliedUpTo: (revision: number) => Promise<void>) {
    this.#post = post;
    this.#appliedUpTo = appliedUpTo;
  }

  /** Resolves when it is done or refused, and what it changed is seen in this thread. Never rejects. */
  async ask(command: Command): Promise<CommandResult> {
    const id = ++this.#lastId;
    const answered = new Promise<CommandResult>((resolve) => this.#waiting.set(id, resolve));
    this.#post({ type: 'command', id, command });
    const result = await answered;
    if (result.done) await this.#appliedUpTo(result.revision);
    return result;
  }

  /** Takes the engine's answer. */
  handle({ id, result }: CommandDoneMessage): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }
}

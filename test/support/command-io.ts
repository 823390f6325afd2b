/** What a command writes, and a client that can be stopped: for commands that never end by themselves. */
import { createClient, type Client } from '#vitald/cli/client/client.js';
import type { Io } from '#vitald/cli/io.js';
import { eventually } from './eventually.js';

export class RecordedIo implements Io {
  text = '';
  errors = '';

  constructor(
    readonly color = false,
    readonly columns: number | undefined = undefined,
    readonly rows: number | undefined = undefined,
  ) {}

  readonly out = (text: string): void => void (this.text += text);
  readonly err = (text: string): void => void (this.errors += text);

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** Waits until the pattern has been written. */
  async wrote(pattern: RegExp): Promise<void> {
    await eventually(String(pattern), () => pattern.test(this.text)).catch((error: unknown) => {
      throw new Error(`${String(error)}; written was:\n${this.text}\n${this.errors}`);
    });
  }
}

export interface StoppableClient extends Client {
  /** From now on every call fails in a way that nobody survives. */
  stop(): void;
}

export function stoppableClient(api: string): StoppableClient {
  const client = createClient({ api }, {});
  const stopping = new AbortController();
  const stopped = (): Error => new Error('stopped');
  const orStopped = (error: unknown): unknown => (stopping.signal.aborted ? stopped() : error);
  return {
    address: client.address,
    request: async (method, path, options) => {
      if (stopping.signal.aborted) throw stopped();
      return client.request(method, path, { ...options, signal: stopping.signal }).catch((error: unknown) => {
        throw orStopped(error);
      });
    },
    stream: async function* (path, options) {
      if (stopping.signal.aborted) throw stopped();
      try {
        yield* client.stream(path, { ...options, signal: stopping.signal });
      } catch (error) {
        throw orStopped(error);
      }
    },
    stop: () => stopping.abort(),
  };
}

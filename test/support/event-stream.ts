/** Reads server-sent events of a daemon or of an app that listens. */
import { once } from 'node:events';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { eventually } from './eventually.js';

/** The data of an event, as far as tests look at it. */
export interface EventData {
  readonly listener: string;
  readonly backend: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly weight: number | null;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly routable: boolean;
  readonly routable_because: string;
  readonly reason: string | null;
  readonly detail: string;
  readonly revision: number;
  /** Of a reset. */
  readonly epoch?: string;
  /** Of a reset. */
  readonly why?: string;
}

export interface SeenEvent {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly data: EventData;
}

export class EventStream {
  readonly #request: ClientRequest;
  readonly events: SeenEvent[] = [];
  readonly comments: string[] = [];
  retryMs: number | undefined;
  ended = false;

  /** @param seen is told of each event as it comes */
  private constructor(
    request: ClientRequest,
    readonly response: IncomingMessage,
    seen: (event: SeenEvent) => void,
  ) {
    this.#request = request;
    const parser = createParser({
      onEvent: ({ id, event, data }: EventSourceMessage) => {
        const one = { id, type: event, data: JSON.parse(data) as EventData };
        this.events.push(one);
        seen(one);
      },
      onComment: (comment) => void this.comments.push(comment),
      onRetry: (ms) => (this.retryMs = ms),
      onError: (error) => {
        throw error;
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.feed(text));
    response.on('error', () => undefined);
    response.on('close', () => (this.ended = true));
  }

  static async open(
    url: string,
    { headers = {}, seen = () => undefined }: { headers?: Record<string, string>; seen?: (event: SeenEvent) => void } = {},
  ): Promise<EventStream> {
    const request = get(url, { agent: false, headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    request.on('error', () => undefined);
    return new EventStream(request, response, seen);
  }

  /** Waits for so many events, and returns all there are. */
  received(count: number): Promise<readonly SeenEvent[]> {
    return eventually(`${count} events`, () => this.events.length >= count && this.events);
  }

  /** Takes nothing more from its socket. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  /** Cuts the connection. */
  cut(): void {
    this.#request.destroy();
  }
}

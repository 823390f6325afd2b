/** Follows `/v1/events` as docs/api.md says, over connections that may be lost at any time. */
import { Agent, get, type IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { sleep } from '../support/process.js';
import { applyStatus, keyOf, readStatus, viewOf, type BackendView, type Picture } from './picture.js';

interface EventData extends BackendView {
  readonly to: string;
}

interface ReceivedEvent {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly data: EventData;
}

/**
 * Called for each backend whose state changed, and for each that is new.
 *
 * @param before undefined for one that is new
 * @param receivedAt wall-clock time in ms
 */
export type OnState = (view: BackendView, before: BackendView | undefined, receivedAt: number) => void;

const reconnectMs = 100;
/** docs/api.md: after 45 s without anything the connection is made anew. */
const silenceMs = 45_000;

export class EventFollower {
  readonly picture: Picture = new Map();
  /** The revision that the picture is of. */
  revision = 0;
  /** How often the daemon told it to start over, the first time included. */
  resets = 0;
  readonly #url: string;
  readonly #onState: OnState;
  readonly #agent = new Agent({ keepAlive: false });
  #lastId: string | undefined;
  #response: IncomingMessage | undefined;
  /** Events that came since a reset, until the status is read. */
  #held: ReceivedEvent[] | undefined;
  #ended = false;

  constructor(url: string, onState: OnState = () => undefined) {
    this.#url = url;
    this.#onState = onState;
  }

  /** Follows until {@link end}. */
  async follow(): Promise<void> {
    while (!this.#ended) {
      await this.#connection().catch(() => undefined);
      await sleep(reconnectMs);
    }
  }

  /** Loses the connection; the next one follows. */
  cut(): void {
    this.#response?.destroy();
  }

  /** Reads nothing for a while. */
  async hesitate(ms: number): Promise<void> {
    const response = this.#response;
    response?.pause();
    await sleep(ms);
    response?.resume();
  }

  end(): void {
    this.#ended = true;
    this.cut();
  }

  /** One connection, to its end. */
  #connection(): Promise<void> {
    this.#held = undefined;
    const headers = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId };
    return new Promise((resolve, reject) => {
      const request = get(`${this.#url}/v1/events`, { agent: this.#agent, headers, timeout: silenceMs }, (response) => {
        this.#response = response;
        const onEvent = ({ id, event, data }: EventSourceMessage): void =>
          // What was under way when the connection was cut must not be applied: it comes again.
          void (response.destroyed || this.#take({ id, type: event, data: JSON.parse(data) as EventData }));
        const parser = createParser({ onEvent });
        response.setEncoding('utf8');
        response.on('data', (text: string) => parser.feed(text));
        response.on('error', () => undefined);
        response.on('close', resolve);
      });
      request.on('timeout', () => request.destroy());
      request.on('error', reject);
    });
  }

  #take(event: ReceivedEvent): void {
    if (event.type === 'reset') {
      this.resets++;
      this.#held = [];
      void this.#startOver(this.#held);
    } else if (this.#held !== undefined) this.#held.push(event);
    else this.#apply(event);
  }

  /** @param held tells whether it is still this reset that is answered */
  async #startOver(held: ReceivedEvent[]): Promise<void> {
    while (this.#held === held && !this.#ended) {
      const status = await readStatus(this.#url, this.#agent).catch(() => undefined);
      if (this.#held !== held) return;
      if (status === undefined) {
        await sleep(reconnectMs);
        continue;
      }
      const before = new Map(this.picture);
      applyStatus(this.picture, status);
      this.revision = status.revision;
      this.#held = undefined;
      for (const view of this.picture.values()) this.#report(view, before.get(keyOf(view)));
      for (const event of held) this.#apply(event);
    }
  }

  #apply({ id, type, data }: ReceivedEvent): void {
    if (id !== undefined) this.#lastId = id;
    if (data.revision <= this.revision) return;
    this.revision = data.revision;
    const key = keyOf(data);
    if (type === 'removed') {
      this.picture.delete(key);
      return;
    }
    const before = this.picture.get(key);
    const view = viewOf({ ...data, state: data.to });
    this.picture.set(key, view);
    this.#report(view, before);
  }

  #report(view: BackendView, before: BackendView | undefined): void {
    if (before?.state !== view.state) this.#onState(view, before, Date.now());
  }
}

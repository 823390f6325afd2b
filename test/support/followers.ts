/**
 * Clients that follow a daemon's verdicts as docs/api.md says, over connections that are cut, slowed down and left at
 * random: one polls, one reads events.
 */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { EventStream, type SeenEvent } from './event-stream.js';
import { eventually } from './eventually.js';

/** What is routed by. */
export interface Picture {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly state: string;
  readonly since: string;
  readonly routable: boolean;
  readonly routable_because: string;
  readonly revision: number;
}

interface Status {
  readonly revision: number;
  readonly complete: boolean;
  readonly backends: readonly (Picture & { readonly listener: string; readonly backend: string })[];
  readonly removed: readonly { readonly listener: string; readonly backend: string }[];
}

/** What happens to a follower, by chance. */
export interface Chaos {
  /** From 0 to 1. */
  readonly random: () => number;
  /** No more of it once this is true. */
  over: boolean;
}

/** What happened. */
export interface Mishaps {
  cut: number;
  slow: number;
  restarted: number;
  resets: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const key = ({ listener, backend }: { readonly listener: string; readonly backend: string }): string => `${listener}/${backend}`;

function picture({ address, port, weight, state, since, routable, routable_because, revision }: Picture): Picture {
  return { address, port, weight, state, since, routable, routable_because, revision };
}

/** The truth, in the same form as a follower's picture. */
export async function truth(base: string, query = ''): Promise<{ revision: number; picture: Map<string, Picture> }> {
  const status = (await (await fetch(`${base}/v1/status${query}`)).json()) as Status;
  return { revision: status.revision, picture: new Map(status.backends.map((backend) => [key(backend), picture(backend)])) };
}

/** Asks `/v1/status`; undefined where the answer was lost on the way. */
async function askStatus(url: string, { random, over }: Chaos, mishaps: Mishaps): Promise<Status | undefined> {
  const fate = over ? 1 : random();
  const request = get(url, { agent: false });
  const lost = new Promise<undefined>((resolve) => {
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
  if (fate < 0.15) {
    mishaps.cut++;
    setTimeout(() => request.destroy(), random() * 10);
  }
  const response = await Promise.race([once(request, 'response').then(([head]) => head as IncomingMessage), lost]).catch(() => undefined);
  if (response === undefined) return undefined;
  if (fate >= 0.15 && fate < 0.3) {
    mishaps.slow++;
    await pause(random() * 60);
  }
  try {
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    return JSON.parse(Buffer.concat(pieces).toString()) as Status;
  } catch {
    return undefined;
  }
}

export class Poller {
  readonly mishaps: Mishaps = { cut: 0, slow: 0, restarted: 0, resets: 0 };
  picture = new Map<string, Picture>();
  since: number | undefined;

  constructor(
    readonly base: string,
    readonly chaos: Chaos,
    /** As in `listener=a&listener=b`, or empty. */
    readonly filter = '',
  ) {}

  /** Follows until chaos is over and the revision is reached. */
  async follow(last: () => number): Promise<void> {
    while (!this.chaos.over || this.since !== last()) {
      if (!this.chaos.over && this.chaos.random() < 0.03) this.#restart();
      const since = this.since === undefined ? '' : `since=${this.since}&wait=${this.chaos.over ? '10ms' : '1s'}&`;
      const answer = await askStatus(`${this.base}/v1/status?${since}${this.filter}`, this.chaos, this.mishaps);
      if (answer !== undefined) this.#apply(answer);
    }
  }

  #restart(): void {
    this.mishaps.restarted++;
    this.picture.clear();
    this.since = undefined;
  }

  #apply({ complete, backends, removed, revision }: Status): void {
    if (complete) this.picture.clear();
    for (const backend of removed) this.picture.delete(key(backend));
    for (const backend of backends) this.picture.set(key(backend), picture(backend));
    this.since = revision;
  }
}

export class EventFollower {
  readonly mishaps: Mishaps = { cut: 0, slow: 0, restarted: 0, resets: 0 };
  picture = new Map<string, Picture>();
  /** The revision that the picture is of; undefined: it must be read anew. */
  since: number | undefined;
  #stream: EventStream | undefined;
  /** Changes that began from another state than this follower knew: it had missed one. */
  contradictions = 0;
  /** Events that came since the reset, while the status is read. */
  #held: SeenEvent[] | undefined;

  constructor(
    readonly base: string,
    readonly chaos: Chaos,
    readonly filter = '',
  ) {}

  async follow(last: () => number): Promise<void> {
    while (!this.chaos.over) {
      await this.#connected();
      await this.#meetFate();
    }
    const isComplete = async (): Promise<boolean> => {
      await this.#connected();
      return this.#held === undefined && this.since === last();
    };
    await eventually('the last event', isComplete);
    this.#stream?.cut();
  }

  async #meetFate(): Promise<void> {
    const { random } = this.chaos;
    const fate = random();
    await pause(random() * 30);
    if (fate < 0.1) {
      this.mishaps.cut++;
      this.#stream?.cut();
      this.#stream = undefined;
      await pause(random() * 200);
    } else if (fate < 0.2) {
      this.mishaps.slow++;
      this.#stream?.pause();
      await pause(random() * 300);
      this.#stream?.resume();
    } else if (fate < 0.25) {
      this.mishaps.restarted++;
      this.#stream?.cut();
      this.#stream = undefined;
      this.since = undefined;
    }
  }

  async #connected(): Promise<void> {
    if (this.#stream !== undefined && !this.#stream.ended) return;
    this.#held = undefined;
    while (this.since === undefined) await this.#readStatus(undefined);
    const stream: EventStream = await EventStream.open(`${this.base}/v1/events?${this.filter}`, {
      headers: { 'last-event-id': String(this.since) },
      // What was on its way when the connection was left is not to be applied.
      seen: (event) => void (stream === this.#stream && this.#take(event)),
    });
    this.#stream = stream;
  }

  #take(event: SeenEvent): void {
    if (event.type === 'reset') {
      this.mishaps.resets++;
      this.since = undefined;
      this.#held = [];
      const stream = this.#stream;
      void this.#startOver(stream);
    } else if (this.#held !== undefined) this.#held.push(event);
    else this.#apply(event);
  }

  async #startOver(stream: EventStream | undefined): Promise<void> {
    const held = this.#held!;
    while (this.#held === held && this.since === undefined) await this.#readStatus(held);
    if (this.#held !== held || this.#stream !== stream) return;
    this.#held = undefined;
    for (const event of held) this.#apply(event);
  }

  /** @param held what it is read for: an answer that comes after the connection was made anew is too old */
  async #readStatus(held: SeenEvent[] | undefined): Promise<void> {
    const status = await askStatus(`${this.base}/v1/status?${this.filter}`, this.chaos, this.mishaps);
    if (status === undefined || this.#held !== held) return;
    this.picture = new Map(status.backends.map((backend) => [key(backend), picture(backend)]));
    this.since = status.revision;
  }

  #apply({ type, data }: SeenEvent): void {
    if (data.revision <= this.since!) return;
    this.since = data.revision;
    if (type === 'removed') {
      this.picture.delete(key(data));
      return;
    }
    const before = this.picture.get(key(data));
    if (before !== undefined && before.state !== data.from) this.contradictions++;
    this.picture.set(key(data), {
      address: data.address!,
      port: data.port!,
      weight: data.weight!,
      state: data.to,
      since: type === 'added' || type === 'state' || before === undefined ? data.at : before.since,
      routable: data.routable,
      routable_because: data.routable_because,
      revision: data.revision,
    });
  }
}

/**
 * Clients that follow a daemon's verdicts as docs/api.md says, over connections that are cut, slowed down and left at
 * random: one polls, one reads events. Given several daemons, they go from one to another at random, as behind a virtual
 * address or a load balancer.
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
  readonly epoch: string;
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
  failedOver: number;
}

const noMishaps = (): Mishaps => ({ cut: 0, slow: 0, restarted: 0, resets: 0, failedOver: 0 });

/** What a follower knows: all changes up to a revision of one daemon. */
export type Known = Pick<Status, 'epoch' | 'revision'>;

/** What a follower is to know in the end, if it is at this daemon then. */
export type Last = (base: string) => Known;

const isSame = (known: Known | undefined, last: Known): boolean => known?.epoch === last.epoch && known.revision === last.revision;

/** The daemons that a follower may ask, and the one that it asks now. */
class Daemons {
  readonly #bases: readonly string[];
  readonly #chaos: Chaos;
  readonly #mishaps: Mishaps;
  base: string;

  constructor(bases: string | readonly string[], chaos: Chaos, mishaps: Mishaps) {
    this.#bases = typeof bases === 'string' ? [bases] : bases;
    this.#chaos = chaos;
    this.#mishaps = mishaps;
    this.base = this.#bases[0]!;
  }

  /** Before each request: sometimes it reaches another daemon. A single daemon takes no random number. */
  failOver(): void {
    if (this.#bases.length === 1 || this.#chaos.over || this.#chaos.random() >= 0.25) return;
    const others = this.#bases.filter((base) => base !== this.base);
    this.base = others[Math.floor(this.#chaos.random() * others.length)]!;
    this.#mishaps.failedOver++;
  }

  /** For a request beside a stream of events: it may reach another daemon than the stream. */
  any(): string {
    if (this.#bases.length === 1 || this.#chaos.over) return this.base;
    return this.#bases[Math.floor(this.#chaos.random() * this.#bases.length)]!;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const key = ({ listener, backend }: { readonly listener: string; readonly backend: string }): string => `${listener}/${backend}`;

function picture({ address, port, weight, state, since, routable, routable_because, revision }: Picture): Picture {
  return { address, port, weight, state, since, routable, routable_because, revision };
}

/** The truth, in the same form as a follower's picture. */
export async function truth(base: string, query = ''): Promise<Known & { readonly picture: Map<string, Picture> }> {
  const status = (await (await fetch(`${base}/v1/status${query}`)).json()) as Status;
  return {
    epoch: status.epoch,
    revision: status.revision,
    picture: new Map(status.backends.map((backend) => [key(backend), picture(backend)])),
  };
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
  readonly mishaps = noMishaps();
  readonly #daemons: Daemons;
  picture = new Map<string, Picture>();
  known: Known | undefined;

  /** @param bases one daemon, or several to go to and fro between */
  constructor(
    bases: string | readonly string[],
    readonly chaos: Chaos,
    /** As in `listener=a&listener=b`, or empty. */
    readonly filter = '',
  ) {
    this.#daemons = new Daemons(bases, chaos, this.mishaps);
  }

  /** The daemon that it asks. */
  get base(): string {
    return this.#daemons.base;
  }

  /** Follows until chaos is over and it knows all. */
  async follow(last: Last): Promise<void> {
    while (!this.chaos.over || !isSame(this.known, last(this.base))) {
      if (!this.chaos.over && this.chaos.random() < 0.03) this.#restart();
      this.#daemons.failOver();
      const { epoch, revision } = this.known ?? {};
      const since = revision === undefined ? '' : `since=${revision}&epoch=${epoch}&wait=${this.chaos.over ? '10ms' : '1s'}&`;
      const answer = await askStatus(`${this.base}/v1/status?${since}${this.filter}`, this.chaos, this.mishaps);
      if (answer !== undefined) this.#apply(answer);
    }
  }

  #restart(): void {
    this.mishaps.restarted++;
    this.picture.clear();
    this.known = undefined;
  }

  #apply({ complete, backends, removed, epoch, revision }: Status): void {
    if (complete) this.picture.clear();
    for (const backend of removed) this.picture.delete(key(backend));
    for (const backend of backends) this.picture.set(key(backend), picture(backend));
    this.known = { epoch, revision };
  }
}

export class EventFollower {
  readonly mishaps = noMishaps();
  readonly #daemons: Daemons;
  picture = new Map<string, Picture>();
  /** What the picture is of; undefined: it must be read anew. */
  known: Known | undefined;
  #stream: EventStream | undefined;
  /** Changes that began from another state than this follower knew, or are another daemon's: it had missed something. */
  contradictions = 0;
  /** Events that came since the reset, while the status is read. */
  #held: SeenEvent[] | undefined;

  constructor(
    bases: string | readonly string[],
    readonly chaos: Chaos,
    readonly filter = '',
  ) {
    this.#daemons = new Daemons(bases, chaos, this.mishaps);
  }

  get base(): string {
    return this.#daemons.base;
  }

  async follow(last: Last): Promise<void> {
    while (!this.chaos.over) {
      await this.#connected();
      await this.#meetFate();
    }
    const isComplete = async (): Promise<boolean> => {
      await this.#connected();
      return this.#held === undefined && isSame(this.known, last(this.base));
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
      this.known = undefined;
    }
  }

  async #connected(): Promise<void> {
    if (this.#stream !== undefined && !this.#stream.ended) return;
    this.#held = undefined;
    while (this.known === undefined) await this.#readStatus(undefined, undefined);
    this.#daemons.failOver();
    const stream: EventStream = await EventStream.open(`${this.base}/v1/events?${this.filter}`, {
      headers: { 'last-event-id': `${this.known.epoch}:${this.known.revision}` },
      // What was on its way when the connection was left is not to be applied.
      seen: (event) => void (stream === this.#stream && this.#take(event)),
    });
    this.#stream = stream;
  }

  #take(event: SeenEvent): void {
    if (event.type === 'reset') {
      this.mishaps.resets++;
      this.known = undefined;
      this.#held = [];
      void this.#startOver(this.#stream, event.data.epoch!);
    } else if (this.#held !== undefined) this.#held.push(event);
    else this.#apply(event);
  }

  async #startOver(stream: EventStream | undefined, epoch: string): Promise<void> {
    const held = this.#held!;
    while (this.#held === held && this.known === undefined) await this.#readStatus(held, epoch);
    if (this.#held !== held || this.#stream !== stream) return;
    this.#held = undefined;
    for (const event of held) this.#apply(event);
  }

  /**
   * @param held what it is read for: an answer that comes after the connection was made anew is too old
   * @param epoch of the daemon that sends the events: an answer of another one says nothing of them
   */
  async #readStatus(held: SeenEvent[] | undefined, epoch: string | undefined): Promise<void> {
    const status = await askStatus(`${this.#daemons.any()}/v1/status?${this.filter}`, this.chaos, this.mishaps);
    if (status === undefined || this.#held !== held || (epoch !== undefined && status.epoch !== epoch)) return;
    this.picture = new Map(status.backends.map((backend) => [key(backend), picture(backend)]));
    this.known = { epoch: status.epoch, revision: status.revision };
  }

  #apply({ id, type, data }: SeenEvent): void {
    const { epoch, revision } = this.known!;
    if (id !== `${epoch}:${data.revision}`) this.contradictions++;
    if (data.revision <= revision) return;
    this.known = { epoch, revision: data.revision };
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

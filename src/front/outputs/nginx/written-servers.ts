/**
 * Which listeners a template leaves out. What is not in the file, nginx does not follow, however valid the file is.
 *
 * The template is filled in with objects that notice what it takes. Reading the finished file would not do: a template may
 * give upstreams, and even ports, a form of its own.
 */
import type { Upstream, UpstreamFileData, UpstreamServer } from './servers.js';

export class WrittenServers {
  /** To fill in the template with. */
  readonly data: UpstreamFileData;
  readonly #upstreams: readonly NoticingUpstream[];

  constructor({ checker, listeners }: UpstreamFileData) {
    this.#upstreams = listeners.map((upstream) => new NoticingUpstream(upstream));
    this.data = { checker, listeners: this.#upstreams };
  }

  /** Names of the listeners of which no server was written, once the template is filled in. */
  leftOut(): string[] {
    return this.#upstreams.filter((upstream) => upstream.isLeftOut).map(({ name }) => name);
  }
}

class NoticingUpstream implements Upstream {
  readonly name: string;
  readonly #servers: readonly NoticingServer[];
  #isVisited = false;

  constructor({ name, servers }: Upstream) {
    this.name = name;
    this.#servers = servers.map((server) => new NoticingServer(server));
  }

  get servers(): readonly UpstreamServer[] {
    this.#isVisited = true;
    return this.#servers;
  }

  /** A template may well write only servers that are up. */
  get isLeftOut(): boolean {
    const hasServerUp = this.#servers.some(({ up }) => up);
    return !this.#isVisited || (hasServerUp && !this.#servers.some(({ isWritten }) => isWritten));
  }
}

class NoticingServer implements UpstreamServer {
  readonly id: string;
  readonly port: number;
  readonly weight: number;
  readonly up: boolean;
  readonly down: boolean;
  readonly #address: string;
  readonly #endpoint: string;
  isWritten = false;

  constructor({ id, address, port, endpoint, weight, up, down }: UpstreamServer) {
    this.id = id;
    this.port = port;
    this.weight = weight;
    this.up = up;
    this.down = down;
    this.#address = address;
    this.#endpoint = endpoint;
  }

  get address(): string {
    this.isWritten = true;
    return this.#address;
  }

  get endpoint(): string {
    this.isWritten = true;
    return this.#endpoint;
  }
}

/**
 * Asks for endpoints as Envoy’s RestApiFetcher does: again and again with the version that it has; 200 is taken, 304 and
 * every failure change nothing. Source: source/extensions/config_subscription/rest/ of Envoy.
 */
export interface Assignment {
  readonly version: string;
  /** `ADDRESS:PORT` to health status. */
  readonly endpoints: ReadonlyMap<string, string>;
}

interface Answer {
  readonly version_info: string;
  readonly resources: readonly {
    readonly endpoints: readonly {
      readonly lb_endpoints: readonly {
        readonly endpoint: { readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } } };
        readonly health_status: string;
      }[];
    }[];
  }[];
}

export class EnvoyClient {
  /** All that it took, oldest first. */
  readonly taken: Assignment[] = [];
  /** Statuses of all answers, in order; 0 where there was none. */
  readonly statuses: number[] = [];
  readonly #cluster: string;
  readonly #refreshDelayMs: number;
  readonly #ended: Promise<void>;
  readonly #ending = new AbortController();
  readonly #url: string;

  /** @param url where vitald’s API is */
  constructor(t: { teardown(fn: () => unknown): void }, url: string, cluster: string, refreshDelayMs = 20) {
    this.#url = url;
    this.#cluster = cluster;
    this.#refreshDelayMs = refreshDelayMs;
    this.#ended = this.#run();
    t.teardown(() => this.end());
  }

  get present(): Assignment | undefined {
    return this.taken.at(-1);
  }

  end(): Promise<void> {
    this.#ending.abort();
    return this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      this.statuses.push(await this.#ask().catch(() => 0));
      await new Promise((resolve) => setTimeout(resolve, this.#refreshDelayMs));
    }
  }

  async #ask(): Promise<number> {
    const response = await fetch(`${this.#url}/v3/discovery:endpoints`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        version_info: this.present?.version,
        node: { id: 'envoy-1', cluster: 'edge' },
        resource_names: [this.#cluster],
        type_url: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
      }),
      signal: this.#ending.signal,
    });
    const text = await response.text();
    if (response.status === 200) this.#take(JSON.parse(text) as Answer);
    return response.status;
  }

  #take({ version_info: version, resources }: Answer): void {
    const endpoints = resources.flatMap((resource) => resource.endpoints.flatMap((locality) => locality.lb_endpoints));
    // “update_empty”: Envoy keeps what it has.
    if (resources.length === 0) return;
    const entries = endpoints.map(({ endpoint, health_status: health }) => {
      const { address, port_value: port } = endpoint.address.socket_address;
      return [`${address}:${port}`, health] as const;
    });
    this.taken.push({ version, endpoints: new Map(entries) });
  }
}

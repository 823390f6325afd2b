/** What an upstream file says of its servers: read from nginx's own syntax, for a template may write it as it likes. */
import { forEachInSlices } from '../../retry/slices.js';

/**
 * A comment, the beginning of an upstream, or a server with its parameters. Lengths are bounded: the file is anybody's, and
 * what does not end would be looked through again from each `server` in it.
 */
const statement = /#[^\n]*|\bupstream\s{1,99}([^\s{;]{1,200})\s{0,99}\{|\bserver\s{1,99}([^\s;{}]{1,200})([^;{}]{0,400});/g;
const hasPort = /:\d+$/;

export class KnownServers {
  readonly #inUpstream = new Map<string, boolean>();
  readonly #anywhere = new Map<string, boolean>();

  /** @param text of the file; any text will do */
  static async read(text: string): Promise<KnownServers> {
    const known = new KnownServers();
    let upstream = '';
    await forEachInSlices(text.matchAll(statement), ([, opened, address, parameters = '']) => {
      if (opened !== undefined) upstream = opened;
      else if (address !== undefined) known.#add(upstream, address, !/\bdown\b/.test(parameters));
    });
    return known;
  }

  /**
   * Whether the server is up. A template may name its upstreams otherwise than the listeners: what another upstream
   * says of the same address is better than nothing.
   *
   * @param endpoint ADDRESS:PORT
   * @returns undefined where the file does not have it
   */
  isUp(upstream: string, endpoint: string): boolean | undefined {
    return this.#inUpstream.get(key(upstream, endpoint)) ?? this.#anywhere.get(endpoint);
  }

  #add(upstream: string, address: string, isUp: boolean): void {
    const withoutQuotes = address.replace(/["']/g, '');
    // 80 where none is named: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server
    const endpoint = hasPort.test(withoutQuotes) ? withoutQuotes : `${withoutQuotes}:80`;
    this.#inUpstream.set(key(upstream, endpoint), isUp);
    this.#anywhere.set(endpoint, isUp || this.#anywhere.get(endpoint) === true);
  }
}

const key = (upstream: string, endpoint: string): string => `${upstream} ${endpoint}`;

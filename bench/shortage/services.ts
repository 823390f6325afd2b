/** The measurement's end of services-process.ts: backends that fail and recover one by one. */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Family, FaultWay, ServiceKind } from './probe-cases.js';

export interface ServiceSpec {
  readonly service: ServiceKind;
  readonly family: Family;
  readonly port: number;
  readonly addresses: readonly string[];
}

export type ServiceCommand =
  | { readonly do: 'serve'; readonly spec: ServiceSpec }
  | { readonly do: 'fail'; readonly address: string; readonly way: FaultWay }
  /** @param port where a closed UDP port is opened again */
  | { readonly do: 'restore'; readonly address: string; readonly port: number }
  | { readonly do: 'cease'; readonly addresses: readonly string[] };

export interface ServiceReply {
  readonly id: number;
  /** Wall-clock time in ms. */
  readonly at: number;
}

/** All of fd99::/16 belongs to this namespace, as 127.0.0.0/8 does. */
const ownIpv6 = 'fd99::/16';

export class Services {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (at: number) => void>();
  #lastId = 0;

  /** Also makes the IPv6 addresses of backends local. */
  constructor() {
    execFileSync('ip', ['-6', 'route', 'replace', 'local', ownIpv6, 'dev', 'lo']);
    this.#child = fork(fileURLToPath(new URL('./services-process.js', import.meta.url)));
    this.#child.on('message', ({ id, at }: ServiceReply) => {
      this.#waiting.get(id)!(at);
      this.#waiting.delete(id);
    });
  }

  async serve(spec: ServiceSpec): Promise<void> {
    await this.#send({ do: 'serve', spec });
  }

  /** @returns when it failed: wall-clock time in ms */
  fail(address: string, way: FaultWay): Promise<number> {
    return this.#send({ do: 'fail', address, way });
  }

  async restore(address: string, port: number): Promise<void> {
    await this.#send({ do: 'restore', address, port });
  }

  async cease(addresses: readonly string[]): Promise<void> {
    await this.#send({ do: 'cease', addresses });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  #send(command: ServiceCommand): Promise<number> {
    const id = ++this.#lastId;
    this.#child.send({ id, command });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}

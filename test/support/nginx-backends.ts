/** Backends behind the real nginx, and the configuration of a daemon that keeps nginx’s servers. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Test } from 'tap';
import type { RunningDaemon } from './daemon.js';
import { eventually } from './eventually.js';
import type { NginxProxy } from './nginx-proxy.js';
import { server } from './two-backends.js';

const firstPort = 18360;

/** A backend that is there, or is not. */
export class Backend {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  #server: Server | undefined;

  constructor(t: Test, address: string, place: number) {
    this.address = address;
    this.port = firstPort + place;
    this.name = `app-${place + 1}`;
    t.teardown(() => this.die());
  }

  async live(): Promise<void> {
    this.#server = createServer((_, response) => void response.writeHead(200, { 'x-backend': this.name }).end('ok'));
    this.#server.listen(this.port, this.address);
    await once(this.#server, 'listening');
  }

  /** Requests in flight are cut, further ones refused. */
  async die(): Promise<void> {
    const dying = this.#server;
    this.#server = undefined;
    if (dying === undefined) return;
    const closed = once(dying, 'close');
    dying.close();
    dying.closeAllConnections();
    await closed;
  }
}

/** @param address of loopback, the test file’s own */
export async function liveBackends(t: Test, address: string, count: number): Promise<Backend[]> {
  const all = Array.from({ length: count }, (_, place) => new Backend(t, address, place));
  await Promise.all(all.map((backend) => backend.live()));
  return all;
}

/** @param more options of the output */
export function config(nginx: NginxProxy, all: readonly Backend[], more: object = {}): object {
  return {
    server,
    listeners: [
      {
        name: 'web',
        check: { type: 'tcp', interval: '200ms', timeout: '150ms', healthy_threshold: 2, unhealthy_threshold: 2 },
        backends: all.map(({ name, port, address }) => ({ name, port, address })),
      },
    ],
    outputs: { nginx: [{ path: nginx.upstreamFile, test_command: nginx.testCommand, reload_command: nginx.reloadCommand, ...more }] },
  };
}

/** The file before vitald: all servers. */
export function writeFirstFile(nginx: NginxProxy, all: readonly Backend[]): void {
  writeFileSync(nginx.upstreamFile, `upstream web { ${all.map(({ address, port }) => `server ${address}:${port};`).join(' ')} }\n`);
}

/** The ports that are up in the file, by their names. */
export function up(nginx: NginxProxy, all: readonly Backend[]): string[] {
  const text = readFileSync(nginx.upstreamFile, 'utf8');
  return all.filter(({ address, port }) => new RegExp(`server ${address}:${port} [^;]*max_fails=0;`).test(text)).map(({ name }) => name);
}

/** Waits until the file has these servers up, and nginx has loaded it: they answer, and nobody else. */
export async function loaded(nginx: NginxProxy, all: readonly Backend[], ...names: string[]): Promise<void> {
  await eventually(`a file with ${names.join(', ')}`, () => String(up(nginx, all)) === String(names));
  await eventually(`answers of ${names.join(', ')}`, async () => String(await whoAnswer(nginx)) === String([...names].sort()));
}

/**
 * Waits until the daemon has reloaded nginx for all that it knows. The answers of nginx do not show that: it passes over
 * dead servers by itself, and the file is in its place before nginx has tested it.
 */
export async function followed(daemon: RunningDaemon): Promise<void> {
  await eventually('nginx to follow', async () => {
    const { revision } = await daemon.status();
    const { outputs } = await daemon.get<{ outputs: readonly { state: string; revision: number }[] }>('/v1/outputs');
    return outputs.every((output) => output.state === 'ok' && output.revision >= revision);
  });
}

/** Who answers some requests, each on a connection of its own: one that is kept is a worker’s that may be of before. */
export async function whoAnswer(nginx: NginxProxy): Promise<string[]> {
  const names = new Set<string>();
  for (let count = 0; count < 50; count++) {
    const { status, headers } = await fetch(nginx.url, { headers: { connection: 'close' } });
    names.add(status === 200 ? headers.get('x-backend')! : `status ${status}`);
  }
  return [...names].sort();
}

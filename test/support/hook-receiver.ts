/** A receiver of webhooks on loopback, which answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { OutputEvent } from '#vitald/front/outputs/output-event.js';
import { ownAddress } from './own-address.js';

export interface Delivery {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Batch {
  readonly id: string;
  readonly vitald: string;
  readonly checker: string;
  readonly epoch: string;
  readonly revision: number;
  readonly incomplete: boolean;
  readonly events: readonly OutputEvent[];
}

/** Answers a delivery; to do nothing is to hang. */
export type Answering = (response: ServerResponse, delivery: Delivery, nth: number) => void;

const accept: Answering = (response) => void response.writeHead(204).end();

export class HookReceiver {
  readonly deliveries: Delivery[] = [];
  readonly url: string;
  answer: Answering = accept;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>, scheme: string) {
    this.#server = server;
    this.url = `${scheme}://${ownAddress}:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const delivery = { method, path, headers, text: Buffer.concat(pieces).toString('utf8') };
        this.deliveries.push(delivery);
        this.answer(response, delivery, this.deliveries.length);
      });
    });
  }

  /** @param port 0: any that is free */
  static async start(
    t: { teardown(fn: () => unknown): void },
    { port = 0, tls }: { port?: number; tls?: { key: string; cert: string } } = {},
  ) {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    server.listen(port, ownAddress);
    await once(server, 'listening');
    const receiver = new HookReceiver(server, tls === undefined ? 'http' : 'https');
    t.teardown(() => receiver.close());
    return receiver;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  accept(): void {
    this.answer = accept;
  }

  /** What came by requests that were answered with 2xx is not told apart: a test that refuses looks itself. */
  get batches(): Batch[] {
    return this.deliveries.map(({ text }) => JSON.parse(text) as Batch);
  }

  get events(): OutputEvent[] {
    return this.batches.flatMap(({ events }) => events);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

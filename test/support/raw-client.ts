/** A client of the API that writes bytes as it likes: pipelined, half, or wrong requests. */
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

export class RawClient {
  readonly socket: Socket;
  text = '';
  isClosed = false;

  /** @param url of the API, plain HTTP @param localAddress where it comes from */
  constructor(t: { teardown(fn: () => unknown): void }, url: string, localAddress = '127.0.0.1') {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), localAddress });
    this.socket.setEncoding('latin1').on('data', (part: string) => (this.text += part));
    this.socket.on('error', () => undefined);
    this.socket.once('close', () => (this.isClosed = true));
    t.teardown(() => this.socket.destroy());
  }

  send(bytes: string): this {
    if (!this.socket.destroyed) this.socket.write(bytes, 'latin1');
    return this;
  }

  /** Status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Waits for so many answers. */
  async answers(count: number): Promise<number[]> {
    await eventually(`${count} answers`, () => this.statuses.length >= count);
    return this.statuses;
  }

  /** Waits for the end of the connection. @returns all that came */
  async closed(): Promise<string> {
    await eventually('the end of the connection', () => this.isClosed);
    return this.text;
  }
}

export function requestText(target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

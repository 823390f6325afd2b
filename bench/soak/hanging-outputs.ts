/** Outputs that hang for ever: a webhook that never answers, a command that does not end, a HAProxy that says nothing. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

const webhookPort = 18_600;
const command = ['/bin/sleep', '86413'] as const;

export class HangingOutputs {
  readonly #webhook: Server;
  readonly #haproxy: Server;
  readonly #socket: string;
  webhookConnections = 0;
  haproxyConnections = 0;
  commandsSeen = 0;

  /** @param folder of the HAProxy's socket */
  constructor(folder: string) {
    this.#socket = join(folder, 'haproxy.sock');
    this.#webhook = hangingServer(() => this.webhookConnections++);
    this.#haproxy = hangingServer(() => this.haproxyConnections++);
  }

  async listen(): Promise<void> {
    this.#webhook.listen(webhookPort, '127.0.0.1');
    this.#haproxy.listen(this.#socket);
    await Promise.all([once(this.#webhook, 'listening'), once(this.#haproxy, 'listening')]);
  }

  /** As vitald's configuration has them. */
  configuration(): Record<string, unknown> {
    return {
      webhook: [{ url: `http://127.0.0.1:${webhookPort}/` }],
      command: [{ command }],
      haproxy_runtime: [{ socket: this.#socket }],
    };
  }

  /** Call it from time to time: a command is killed after a while, and the next one starts later. */
  countCommands(): void {
    this.commandsSeen += hangingCommands();
  }

  close(): void {
    this.#webhook.close();
    this.#haproxy.close();
  }
}

/** Accepts, reads, and answers nothing. */
function hangingServer(accepted: () => void): Server {
  return createServer((socket) => {
    accepted();
    socket.on('error', () => undefined);
    socket.resume();
  });
}

/** How many of the commands that hang run in this process namespace. */
export function hangingCommands(): number {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid) === command.join(' ')).length;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

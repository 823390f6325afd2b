/** One address that leads to one of several daemons, as a virtual address or a load balancer does. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Test } from 'tap';

export interface LeadingTo {
  readonly url: string;
  /** From now on it leads to this daemon; connections to the one before are cut. */
  leadTo(base: string): void;
}

export async function leadingTo(t: Pick<Test, 'teardown'>, base: string): Promise<LeadingTo> {
  let target = new URL(base);
  const open = new Set<Socket>();
  const cut = (): void => open.forEach((socket) => socket.destroy());
  const server = createServer((client) => {
    const daemon = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    cut();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (other) => {
      target = new URL(other);
      cut();
    },
  };
}

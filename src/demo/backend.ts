/** What all demo backends have in common. */
import type { Server } from 'node:net';
import { once } from 'node:events';
import { demoAddress } from './ports.js';

/** One demo backend at work. */
export interface Backend {
  readonly port: number;
  /** What it shows, for people. */
  readonly describe: string;
  close(): Promise<void>;
}

/**
 * @param port 0: any free one
 * @throws Node's error, with `code` and `port`, where it cannot listen
 */
export async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, demoAddress);
  await once(server, 'listening');
}

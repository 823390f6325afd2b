/**
 * The backends of measurements: one listening socket on all addresses of 127.0.0.0/8, in a process of its own that can
 * stop to listen and begin again. Half-open probes never reach its `accept`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';

export const backendPort = 22_222;

export interface Backend {
  /** Answers RST from now on. */
  close(): Promise<void>;
  listen(): Promise<void>;
  /** Ends the process. */
  end(): void;
}

/** Starts it, listening. */
export async function startBackend(): Promise<Backend> {
  const child = fork(fileURLToPath(import.meta.url), ['serve-as-backend']);
  const tell = async (what: 'listen' | 'close'): Promise<void> => {
    child.send(what);
    await once(child, 'message');
  };
  await tell('listen');
  return { close: () => tell('close'), listen: () => tell('listen'), end: () => void child.kill() };
}

function serve(): void {
  let server: Server | undefined;
  const done = (): void => void process.send!('done');
  process.on('message', (what) => {
    if (what === 'close') server?.close(done);
    else server = createServer((socket) => socket.destroy()).listen(backendPort, '0.0.0.0', 4096, done);
  });
}

if (process.argv[2] === 'serve-as-backend') serve();

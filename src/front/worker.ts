/** The front thread: connects the front to the engine's messages. See status/messages.ts for what they say. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FrontData, FromFront, ToFront } from '../status/messages.js';
import { Front } from './front.js';

/** Standard output: this thread writes the log by itself, so that a reader that stops never holds up the engine. */
const standardOutput = 1;

const port = parentPort;
if (!port) throw new Error('src/front/worker.ts runs as a worker thread only');

const post = (message: FromFront): void => {
  port.postMessage(message);
  // Nothing is left to do: without its port the thread ends by itself.
  if (message.type === 'closed') port.close();
};

const data = { ...(workerData as FrontData) };
// Node.js holds on to workerData for ever, and so to the first plan and table.
delete (workerData as Partial<FrontData> & { plan?: unknown }).plan;
const front = new Front(data, post, standardOutput);
port.on('message', (message: ToFront) => front.handle(message));
await front.start();

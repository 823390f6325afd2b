/** The front thread: connects the front to the engine's messages. See messages.ts for what they say. */
import { pid } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { isOwnChild } from '../process/children.js';
import { reapOrphans } from '../process/orphans.js';
import type { FrontData, FromFront, ToFront } from '../messages.js';
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
// In the thread that starts programs: it knows which children are its own.
reapOrphans(pid, isOwnChild);
const front = new Front(data, post, standardOutput);
port.on('message', (message: ToFront) => front.handle(message));
await front.start();

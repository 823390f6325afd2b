/**
 * Preloaded into a daemon (`node --import`): whenever the file TEST_HEAP_ASK is there, its main thread collects garbage,
 * removes that file, and writes what is left to TEST_HEAP_ANSWER: bytes, and how many shared buffers. Those hold the
 * backends of a plan, and V8 does not count them as memory of the heap.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const [ask, answer] = [process.env['TEST_HEAP_ASK']!, process.env['TEST_HEAP_ANSWER']!];
  // Since Node.js 20.13; not in the types yet.
  const { queryObjects } = v8 as unknown as { queryObjects: (kind: unknown, options: { format: 'count' }) => number };
  v8.setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  setInterval(() => {
    if (!existsSync(ask)) return;
    // What a finalizer lets go of is found by the next collection.
    for (let round = 0; round < 3; round++) collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    const buffers = queryObjects(SharedArrayBuffer, { format: 'count' });
    writeFileSync(`${answer}.new`, JSON.stringify({ bytes: heapUsed + external, buffers }));
    rmSync(ask);
    renameSync(`${answer}.new`, answer);
  }, 50).unref();
}

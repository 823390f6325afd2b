/** Preloaded into a daemon (`node --import`): its front thread crashes when the file TEST_CRASH_FILE appears, once for each time. */
import { rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const file = process.env['TEST_CRASH_FILE'];
if (file === undefined) throw new Error('TEST_CRASH_FILE is not set');

function crashIfAsked(path: string): void {
  try {
    rmSync(path);
  } catch {
    return;
  }
  throw new Error('the test asked for this crash');
}

// Of the daemon's threads only the front gets this (FrontData in messages.ts).
if (!isMainThread && 'logFormat' in Object(workerData)) setInterval(crashIfAsked, 20, file).unref();

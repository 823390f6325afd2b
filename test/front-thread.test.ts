import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { FrontThread } from '#vitald/front-thread.js';
import type { FrontData } from '#vitald/messages.js';
import { survived } from './support/checker-faults.js';
import { eventually } from './support/eventually.js';

const data = {} as FrontData;

/** A stand-in for the front: what it does is the body of its message handler. */
function program(t: Test, body: string, atStart = `parentPort.postMessage({ type: 'listening', url: 'http://test' });`): URL {
  const file = join(t.testdir(), 'front.mjs');
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads';\n${atStart}\nparentPort.on('message', (message) => { ${body} });`,
  );
  return pathToFileURL(file);
}

const neverAsked = { onCommand: () => Promise.reject(new Error('no command is expected')) };
const closes = `if (message.type === 'close') parentPort.close();`;

t.test('a front that crashes is told of and started again, with fresh data', async (t) => {
  let asked = 0;
  const sentences: string[] = [];
  const restarted = new Promise<void>((resolve) => {
    const thread = new FrontThread({
      ...neverAsked,
      data: () => {
        if (++asked === 2) resolve();
        return data;
      },
      onCrash: (sentence) => sentences.push(sentence),
      entry: program(t, `${closes} if (message.type === 'notice') throw new Error('broken');`),
      firstRestartMs: 10,
    });
    t.teardown(() => thread.close());
    void thread.start().then((url) => {
      t.equal(url, 'http://test');
      thread.notice('info', 'crash, please');
    });
  });
  await restarted;
  t.equal(sentences.length, 1);
  t.match(sentences[0], /the API thread failed and is started again in 0\.01 s; probing goes on: Error: broken/);
  survived(t, 'api-thread-crashed');
});

t.test('a front that cannot listen at the start is an error with its sentence, and no restart', async (t) => {
  const thread = new FrontThread({
    ...neverAsked,
    data: () => data,
    onCrash: () => t.fail('no restart'),
    entry: program(t, closes, `parentPort.postMessage({ type: 'failed', code: 'address_in_use', message: '127.0.0.1:1 is in use' });`),
    firstRestartMs: 1,
  });
  await t.rejects(thread.start(), { code: 'address_in_use', message: '127.0.0.1:1 is in use' });
});

t.test('a front that breaks at the start is an error', async (t) => {
  const thread = new FrontThread({
    ...neverAsked,
    data: () => data,
    onCrash: () => undefined,
    entry: program(t, closes, `throw new Error('no way');`),
  });
  await t.rejects(thread.start(), { code: 'front_failed', message: /no way/ });
});

t.test('closing ends the thread, and it is not started again', async (t) => {
  const thread = new FrontThread({
    ...neverAsked,
    data: () => data,
    onCrash: () => t.fail('no restart'),
    entry: program(t, closes),
    firstRestartMs: 1,
  });
  await thread.start();
  await thread.close();
  await thread.close();
});

t.test('a front that descriptors are missing for is tried again every two seconds, and the sentence names the shortage', async (t) => {
  const sentences: string[] = [];
  const thread = new FrontThread({
    ...neverAsked,
    data: () => data,
    onCrash: (sentence) => sentences.push(sentence),
    entry: program(
      t,
      `${closes} if (message.type === 'notice') throw Object.assign(new Error('EMFILE: too many open files, open x'), { code: 'EMFILE' });`,
    ),
    firstRestartMs: 20_000,
  });
  t.teardown(() => thread.close());
  await thread.start();
  thread.notice('info', 'crash, please');
  await eventually('the crash', () => sentences.length > 0);
  t.match(sentences, [/is started again in 2 s; probing goes on: this process has no free file descriptor \(EMFILE\)/]);
});

import t from 'tap';
import { Worker } from 'node:worker_threads';
import { StatusTable } from '#vitald/status/table.js';
import { StatusReader } from '#vitald/status/reader.js';
import { historyLength } from '#vitald/status/columns.js';

t.test('what the engine writes, a reader sees', async (t) => {
  const table = new StatusTable(4);
  const reader = new StatusReader(table.memory);
  table.reset(2, 'initial', 1000);
  t.same(reader.read(2).lastProbe, undefined);
  t.equal(reader.read(2).state, 'initial');
  table.recordProbe(2, 2000, 'status_mismatch', 1.5, 'HTTP 503, expected http_2xx', 'fail', 3);
  table.recordState(2, 'unhealthy', 2000);
  table.recordRouting(2, false, 'unhealthy');
  table.recordRevision(2, 17);
  const row = reader.read(2);
  t.match(row, { state: 'unhealthy', since: 2000, routable: false, because: 'unhealthy', revision: 17, probes: 1 });
  t.same(row.lastProbe, { at: 2000, reason: 'status_mismatch', rttMs: 1.5, detail: 'HTTP 503, expected http_2xx' });
  t.same(row.run, { outcome: 'fail', length: 3 });
  t.same(row.transitions, { toHealthy: 0, toUnhealthy: 1 });
});

t.test('a detail that is too long is cut at a whole character', async (t) => {
  const table = new StatusTable(1);
  table.reset(0, 'initial', 0);
  table.recordProbe(0, 1, 'connect_timeout', NaN, 'é'.repeat(100), 'fail', 1);
  t.equal(new StatusReader(table.memory).read(0).lastProbe?.detail, 'é'.repeat(60));
});

t.test('the last probes are kept, newest first', async (t) => {
  const table = new StatusTable(1);
  table.reset(0, 'initial', 0);
  for (let i = 1; i <= 20; i++) table.recordProbe(0, i, i % 2 === 0 ? 'ok' : 'connect_refused', i, '', 'pass', 1);
  const history = new StatusReader(table.memory).history(0);
  t.equal(history.length, historyLength);
  t.same(history[0], { at: 20, reason: 'ok', rttMs: 20 });
  t.same(history[1], { at: 19, reason: 'connect_refused', rttMs: 19 });
});

t.test('a table that grows keeps its rows, and readers follow', async (t) => {
  const table = new StatusTable(2);
  const reader = new StatusReader(table.memory);
  table.reset(1, 'healthy', 5);
  const { memory } = table;
  t.equal([...table.grow(2)].length, 0, 'it had room for two');
  t.equal(table.memory, memory);
  t.ok([...table.grow(1000)].length > 0);
  t.not(table.memory, memory);
  reader.follow(table.memory);
  t.equal(reader.read(1).since, 5);
  table.reset(999, 'unhealthy', 6);
  t.equal(reader.read(999).state, 'unhealthy');
});

t.test('what is written while a table grows is not lost, however far the growing is', async (t) => {
  const rows = 3000;
  const table = new StatusTable(rows);
  for (let slot = 0; slot < rows; slot++) table.reset(slot, 'initial', slot);
  let written = 0;
  for (const steps = table.grow(rows * 2); steps.next().done !== true; written++) {
    for (const slot of [0, 1000 + written, rows - 1]) table.recordProbe(slot, 7, 'connect_refused', NaN, `step ${written}`, 'fail', 3);
  }
  t.ok(written > 3, `${written} steps`);
  t.equal(table.capacity, rows * 2);
  const reader = new StatusReader(table.memory);
  for (let step = 0; step < written; step++)
    t.match(reader.read(1000 + step).lastProbe, { reason: 'connect_refused', detail: `step ${step}` });
  for (const slot of [0, rows - 1])
    t.match(reader.read(slot), { probes: written, since: slot, lastProbe: { detail: `step ${written - 1}` } });
  t.match(reader.read(2000), { probes: 0, since: 2000 });
});

t.test('a row that another backend takes over is empty', async (t) => {
  const table = new StatusTable(1);
  table.reset(0, 'healthy', 1);
  table.recordProbe(0, 2, 'ok', 1, 'something', 'pass', 9);
  table.reset(0, 'initial', 3);
  const row = new StatusReader(table.memory).read(0);
  t.equal(row.lastProbe, undefined);
  t.equal(row.run, undefined);
  table.recordProbe(0, 4, 'ok', 1, '', 'pass', 1);
  t.equal(new StatusReader(table.memory).read(0).lastProbe?.detail, '');
});

t.test('a reader in another thread never sees half a result', async (t) => {
  const table = new StatusTable(1);
  table.reset(0, 'initial', 0);
  const url = new URL(import.meta.resolve('#vitald/status/reader.js')).href;
  // Until it has seen so many results come and go: on a busy machine the two threads seldom run at the same time.
  const wanted = 300;
  const isDone = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     import(workerData.url).then(({ StatusReader }) => {
       const reader = new StatusReader(workerData.memory);
       parentPort.postMessage('ready');
       let torn = 0, seen = 0, last;
       while (seen < workerData.wanted) {
         const { lastProbe, run } = reader.read(0);
         if (!lastProbe || lastProbe.at === last) continue;
         last = lastProbe.at;
         seen++;
         if (lastProbe.at !== lastProbe.rttMs || lastProbe.at !== run.length || lastProbe.detail !== 'x'.repeat(lastProbe.at % 100)) torn++;
       }
       Atomics.store(workerData.isDone, 0, 1);
       parentPort.postMessage({ torn, seen });
     });`,
    { eval: true, workerData: { url, memory: table.memory, wanted, isDone } },
  );
  const result = await new Promise<{ torn: number; seen: number }>((resolve) => {
    worker.on('message', (message: 'ready' | { torn: number; seen: number }) => {
      if (message !== 'ready') resolve(message);
      else write();
    });
    const write = (): void => {
      for (let i = 1; Atomics.load(isDone, 0) === 0; i = (i % 60_000) + 1) {
        table.recordProbe(0, i, 'ok', i, 'x'.repeat(i % 100), 'pass', i);
      }
    };
  });
  t.same(result, { torn: 0, seen: wanted });
});

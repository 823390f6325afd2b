import t from 'tap';
import { Deadline } from '#vitald/probes/deadline.js';
import { ManualContext } from '../support/manual-context.js';

function at(nowMs: number): ManualContext {
  const context = new ManualContext();
  context.nowMs = nowMs;
  return context;
}

t.test('a punctual checker leaves the deadline where it is', async (t) => {
  const context = at(1000);
  const deadline = new Deadline(context, 1500);
  context.holdUp(5);
  deadline.step();
  deadline.stepDueAt(context.nowMs - 5);
  t.equal(deadline.atMs, 1500);
  t.equal(deadline.wasLate, false);
});

t.test('what the checker was held up before a step moves the deadline, and is counted once', async (t) => {
  const context = at(1000);
  const deadline = new Deadline(context, 1500);
  context.holdUp(80);
  deadline.step();
  deadline.step();
  t.equal(deadline.atMs, 1580);
  t.equal(deadline.lateMs, 80);
});

t.test('a step that was due at a certain time moves it by how late it is', async (t) => {
  const context = at(1000);
  const deadline = new Deadline(context, 1500);
  context.nowMs = 1400;
  deadline.stepDueAt(1250);
  t.equal(deadline.atMs, 1650);
});

t.test('the deadline moves by one more timeout at most; then silence says nothing', async (t) => {
  const context = at(1000);
  const deadline = new Deadline(context, 1500);
  context.holdUp(400);
  deadline.step();
  t.equal(deadline.isSpent, false);
  context.holdUp(400);
  deadline.step();
  t.equal(deadline.atMs, 2000);
  t.equal(deadline.isSpent, true);
});

t.test('a backend may have given up once a step was late by a tenth of the timeout, and by more than 10 ms', async (t) => {
  for (const [timeoutMs, lateMs, wasLate] of [
    [1000, 100, false],
    [1000, 101, true],
    [50, 10, false],
    [50, 11, true],
  ] as const) {
    const context = at(0);
    const deadline = new Deadline(context, timeoutMs);
    context.holdUp(lateMs);
    deadline.step();
    t.equal(deadline.wasLate, wasLate, `${String(lateMs)} of ${String(timeoutMs)} ms`);
  }
});

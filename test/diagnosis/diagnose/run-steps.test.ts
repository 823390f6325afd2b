import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { runStages } from '#vitald/diagnosis/diagnose/run-steps.js';
import type { Stage, Step } from '#vitald/diagnosis/diagnose/step.js';
import { RawUnavailable } from '#vitald/probes/raw/native.js';
import { subjectOf } from './network/world.js';

const step = (name: string, run: Step['run'], rest: Partial<Step> = {}): Step => ({ name, run, ...rest });
const says = (name: string): Step => step(name, () => Promise.resolve(`${name} was tried`));

/** Each result as `NAME: …`, in the order in which they came. */
async function results(stages: readonly Stage[], signal = new AbortController().signal): Promise<string[]> {
  const told: string[] = [];
  await runStages(stages, {
    subject: subjectOf(),
    facts: { network: {}, service: {} },
    signal,
    onResult: (result) => told.push('ran' in result ? result.ran.result : `${result.leftOut.name} left out: ${result.leftOut.why}`),
  });
  return told;
}

t.test('stages follow one another, the steps of a stage run side by side', async (t) => {
  const begun: string[] = [];
  const slow = step('slow', async () => (begun.push('slow'), await sleep(20), 'slow was tried'));
  const quick = step('quick', async () => (begun.push('quick'), 'quick was tried'));
  t.same(await results([[slow, quick], [says('last')]]), ['quick was tried', 'slow was tried', 'last was tried']);
  t.same(begun, ['slow', 'quick']);
});

t.test('a step that fails is left out, with the reason, and ends nothing', async (t) => {
  const fails = step('first', () => Promise.reject(new Error('out\u0007of luck')));
  const throws = step('second', () => {
    throw new RawUnavailable('CAP_NET_RAW is missing');
  });
  t.same(await results([[fails], [throws], [says('third')]]), [
    'first left out: it failed: "out\\u0007of luck"',
    'second left out: CAP_NET_RAW is missing',
    'third was tried',
  ]);
});

t.test('a step by which nothing is to be gained is not spoken of', async (t) => {
  const idle = step('idle', () => Promise.resolve(t.fail('it ran') ? '' : ''), { leaveOut: () => 'nothing to gain' });
  t.same(await results([[idle], [says('next')]]), ['next was tried']);
});

t.test('a step that takes too long is left behind; one that heeds the signal tells what it has', async (t) => {
  const never = step('deaf', () => new Promise(() => undefined), { limitMs: 10 });
  const heeds = step('heeding', async ({ signal }) => (await sleep(60_000, undefined, { signal }).catch(() => undefined), 'a half'), {
    limitMs: 10,
  });
  const [first, second] = (await results([[never, heeds]])).sort();
  t.equal(first, 'a half');
  t.match(second, /^deaf left out: no result within 0\.\d s$/);
});

t.test('when the time is over, what has not begun is left out', async (t) => {
  const over = new AbortController();
  const last = step('last', async ({ signal }) => {
    over.abort();
    await sleep(60_000, undefined, { signal });
    return '';
  });
  t.same(await results([[last], [says('late')]], over.signal), [
    'last left out: the time was used up',
    'late left out: the time was used up',
  ]);
});

import t, { type Test } from 'tap';
import type { OutputPlan } from '#vitald/config/plan.js';
import { completeBody } from '#vitald/front/api/status-body.js';
import { Outputs } from '#vitald/front/outputs/outputs.js';
import type { Output, OutputKind, OutputState } from '#vitald/front/outputs/output.js';
import { FrontState } from '#vitald/front/view/state.js';
import type { Change } from '#vitald/messages.js';
import { pino } from 'pino';
import { PassThrough } from 'node:stream';
import { eventually } from '../../support/eventually.js';
import { epoch, reloaded, smallWorld } from '../../support/front-world.js';

const idle: OutputState = {
  state: 'ok',
  revision: undefined,
  lastSuccessAt: undefined,
  lastFailureAt: undefined,
  problem: undefined,
  successes: 0,
  failures: 0,
  details: {},
};

/** What an output does wrong in a test. */
type Manners = Partial<Output> & { readonly create?: () => never };

/** Outputs of one kind, which write down what is asked of them. */
function outputsOf(t: Test, manners: Readonly<Record<string, Manners>> = {}) {
  const calls: string[] = [];
  const kind: OutputKind = {
    name: 'noted',
    summary: '',
    optionsSchema: {},
    create: ({ name }) => {
      manners[name]?.create?.();
      return {
        start: () => void calls.push(`start ${name}`),
        changed: (changes) => void calls.push(`${changes.length} to ${name}`),
        state: () => idle,
        close: () => {
          calls.push(`close ${name}`);
          return Promise.resolve();
        },
        ...manners[name],
      };
    },
  };
  const lines: { level: number; output: string; msg: string }[] = [];
  const out = new PassThrough();
  out.on('data', (line: Buffer) => lines.push(JSON.parse(line.toString()) as (typeof lines)[number]));
  const world = smallWorld();
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const outputs = new Outputs({ kinds: [kind], state, writeStatus: completeBody, log: pino(out), version: '1.2.3', closeWithinMs: 50 });
  t.teardown(() => outputs.close());
  const apply = async (...plans: OutputPlan[]): Promise<string[]> => {
    outputs.apply(plans);
    await nextTurn();
    return calls.splice(0);
  };
  return { outputs, calls, lines, apply, world, state };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const plan = (name: string, options: OutputPlan['options'] = {}): OutputPlan => ({ name, type: 'noted', options });
const changes = [{}, {}] as unknown as readonly Change[];
const never = (): Promise<void> => new Promise(() => undefined);
const bug = (): never => {
  throw new Error('a mistake');
};

t.test('a reload touches only the outputs that changed', async (t) => {
  const { apply } = outputsOf(t);
  t.same(await apply(plan('a', { x: [1] }), plan('b')), ['start a', 'start b']);
  t.same(await apply(plan('a', { x: [1] }), plan('b')), []);
  t.same(await apply(plan('b'), plan('a', { x: [2] }), plan('c')), ['close a', 'start a', 'start c']);
  t.same(await apply(plan('c')), ['close b', 'close a']);
});

t.test('what begins waits until what ends has let go of its address', async (t) => {
  let closed: () => void = () => undefined;
  const close = (): Promise<void> => new Promise((resolve) => (closed = resolve));
  const { apply, outputs, calls } = outputsOf(t, { a: { close } });
  await apply(plan('a'));
  t.same(await apply(plan('b')), []);
  outputs.changed(changes);
  t.same(calls, [], 'before it begins it is told nothing');
  t.same(await apply(plan('b'), plan('c')), [], 'nor do those of a further reload');
  closed();
  t.same(await apply(plan('b'), plan('c')), ['start b', 'start c'], 'each once');
  outputs.changed(changes);
  t.same(calls, ['2 to b', '2 to c']);
});

t.test('one that goes before it began is never started', async (t) => {
  const { apply, calls } = outputsOf(t, { a: { close: never } });
  await apply(plan('a'));
  await apply(plan('b'));
  await apply(plan('c'));
  await eventually('the last to begin', () => calls.includes('start c'));
  t.notOk(calls.includes('start b'));
});

t.test('one that throws is logged, and holds up no other', async (t) => {
  const { outputs, apply, calls, lines } = outputsOf(t, {
    bad: { start: bug, changed: bug, state: bug, close: bug },
    unmade: { create: bug },
    rejects: { close: () => Promise.reject(new Error('a mistake')) },
  });
  t.same(await apply(plan('bad'), plan('unmade'), plan('rejects'), plan('good')), ['start rejects', 'start good']);
  outputs.changed(changes);
  t.same(calls.splice(0), ['2 to rejects', '2 to good']);
  t.same(
    outputs.states().map(({ name }) => name),
    ['rejects', 'good'],
  );
  t.same(await apply(plan('good')), []);
  t.same(
    [...new Set(lines.map(({ output, msg }) => `${output}: ${msg}`))],
    [
      'unmade: an output failed to be made; this is a bug',
      'bad: an output failed to start; this is a bug',
      'bad: an output failed to take note of changes; this is a bug',
      'bad: an output failed to tell its state; this is a bug',
      'bad: an output failed to close; this is a bug',
      'rejects: an output failed to close; this is a bug',
    ],
  );
});

t.test('one that does not close is left behind, at a reload and at the end', async (t) => {
  const { outputs, apply, calls, lines } = outputsOf(t, { stuck: { close: never } });
  await apply(plan('stuck'));
  await apply(plan('stuck', { x: 1 }), plan('b'));
  await eventually('b to begin', () => calls.includes('start b'));
  await outputs.close();
  t.ok(calls.includes('close b'));
  t.match(lines[0], { level: 40, output: 'stuck', msg: /did not close within 0.05 s/ });
});

t.test('after the end nothing begins any more', async (t) => {
  const { outputs, apply } = outputsOf(t);
  await outputs.close();
  t.same(await apply(plan('a')), []);
});

t.test('how far the other side is behind is counted in changes', async (t) => {
  const known: { revision?: number } = {};
  const { outputs, apply, world, state } = outputsOf(t, { a: { state: () => ({ ...idle, revision: known.revision }) } });
  await apply(plan('a'));
  t.equal(outputs.states()[0]!.behind, undefined);
  known.revision = state.changes.revision;
  t.equal(outputs.states()[0]!.behind, 0);
  state.applyChanges([world.turn('web', 'app-2', 'healthy', 'ok'), world.turn('web', 'app-1', 'unhealthy', 'connect_refused')]);
  t.equal(outputs.states()[0]!.behind, 2);
});

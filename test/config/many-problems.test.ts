/** Files with hundreds of thousands of mistakes: the time grows with their number, not with its square. */
import t from 'tap';
import { SchemaCheck } from '#vitald/config/schema-check.js';
import { buildSchema } from '#vitald/config/schema.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { load } from '../support/load.js';

const lines = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('');
const listeners = (count: number): string => `listeners:\n${lines(count, (i) => `  - { name: l${i} }\n`)}`;

/** By what is wrong: a file with so many mistakes of that kind. */
const shapes: Readonly<Record<string, (count: number) => string>> = {
  'wrong list entries': (count) => `listeners:\n${'  - 1\n'.repeat(count)}`,
  'wrong backends': (count) => `listeners:\n  - name: w\n    backends:\n${'      - { adress: 10.0.0.1 }\n'.repeat(count)}`,
  'unknown keys of one mapping': (count) => lines(count, (i) => `k${i}: 1\n`),
  'keys that stand there twice, the first far away': (count) => lines(count, (i) => `k${i}: 1\n`) + `k${count - 1}: 1\n`.repeat(count),
  'errors of YAML': (count) => '- "\\q"\n'.repeat(count),
  'YAML documents': (count) => '---\n'.repeat(count),
  'aliases without an anchor': (count) => '- *x\n'.repeat(count),
  'aliases of a long list': (count) => `a: &a [${'1,'.repeat(count)}]\nb: [${'*a,'.repeat(count)}]`,
  'duplicate backends': (count) => `listeners:\n  - name: w\n    port: 80\n    backends:\n${'      - 10.0.0.1\n'.repeat(count)}`,
  'listeners of one name': (count) => `listeners:\n${'  - { name: w }\n'.repeat(count)}`,
  'outputs beside as many listeners': (count) =>
    `${listeners(count)}outputs:\n  webhook:\n${lines(count, (i) => `    - { name: w${i}, url: x }\n`)}`,
  'names of listeners that are not there': (count) =>
    `${listeners(count)}outputs:\n  nginx:\n    - path: /a\n      listeners:\n${lines(count, (i) => `        - x${i}\n`)}`,
  'servers of listeners that are not there': (count) =>
    `${listeners(count)}outputs:\n  haproxy_agent:\n    - servers:\n${lines(count, (i) => `        b/s${i}: none/x\n`)}`,
  'the same event again and again': (count) =>
    `listeners: []\noutputs:\n  webhook:\n    - { url: "http://h", events: [${'state, '.repeat(count)}] }`,
};

/** Processor time of one call, ms. */
function timeOf(text: string): number {
  const before = process.cpuUsage();
  load(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const few = 600;
const times = 8;

for (const [what, fileWith] of Object.entries(shapes)) {
  t.test(`${what}: ${times} times as many take about as many times longer`, async (t) => {
    const [small, large] = [timeOf(fileWith(few)), timeOf(fileWith(few * times))];
    // Squared it would be 64 times, and with these numbers seconds. A small file may be read in no time at all.
    t.ok(large < 3 * times * Math.max(small, 20), `${small.toFixed(0)} ms and ${large.toFixed(0)} ms`);
  });
}

t.test('300,000 list entries that the schema refuses are counted within seconds', async (t) => {
  const check = new SchemaCheck(buildSchema(probeKinds, outputKinds));
  const wrong = { listeners: Array.from({ length: 300_000 }, () => 1) };
  const before = process.cpuUsage();
  let found = 0;
  t.notOk(check.isValid(wrong));
  check.visit(wrong, () => found++);
  const { user } = process.cpuUsage(before);
  t.equal(found, 300_000);
  // ajv with `allErrors` takes half a minute and more: it copies the errors so far at each entry.
  t.ok(user < 5_000_000, `${user / 1000} ms`);
});

t.test('of many problems the first are listed, and the others counted', async (t) => {
  const { problems, problemCount } = load(`listeners:\n${'  - 1\n'.repeat(5000)}`);
  t.equal(problems.length, 1001);
  t.equal(problemCount, 5000);
  t.match(problems[0], { line: 2, path: 'listeners[0]' });
  t.match(problems.at(-1), { path: '(document)', message: 'and 4000 more of this kind are not listed; fix these first' });
});

t.test('a message that lists names lists ten', async (t) => {
  const { problems } = load(`${listeners(5000)}outputs:\n  envoy:\n    - clusters: { a: none }\n`);
  t.match(problems[0]!.message, 'l8, l9 and 4990 more');
});

t.test('a text with its variables has a bound', async (t) => {
  const { problems } = load(`checker: "${'${TOKEN}'.repeat(200_000)}"\nlisteners: []\n`);
  t.match(problems, [{ path: 'checker', message: /^longer than 1048576 characters/ }]);
});

t.test('a key has a bound', async (t) => {
  const { problems } = load(`listeners: []\n? ${'k'.repeat(1025)}\n: 1\n`);
  t.match(problems, [{ line: 2, message: 'a key has at most 1024 characters' }]);
});

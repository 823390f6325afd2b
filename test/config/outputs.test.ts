/** Options of outputs, and what is secret in them. The kind is one of this test: what it holds for, holds for all. */
import t from 'tap';
import { explainAsData, explainAsText } from '#vitald/config/explain.js';
import { loadConfig, type LoadResult } from '#vitald/config/load.js';
import type { OutputDefinition } from '#vitald/config/output-kind.js';
import { buildSchema } from '#vitald/config/schema.js';
import { standInKinds } from '../support/kinds.js';
import { env, machine, said } from '../support/load.js';

const hook: OutputDefinition = {
  name: 'hook',
  summary: 'Tells another system.',
  optionsSchema: {
    url: { type: 'string', pattern: '^https?://', description: 'Where to.', 'x-allowed': 'an http or https URL' },
    keys: { type: 'array', items: { type: 'string', enum: ['blue', 'green'] }, description: 'What to sign with.' },
    retries: { type: 'integer', minimum: 0, maximum: 9, default: 3, description: 'How often.' },
    headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'What to send with it.' },
  },
  required: ['url'],
  secrets: ['url', 'keys'],
  check: ({ retries }, { warning }) => {
    if (retries === 0) warning(['retries'], 'what fails once is lost');
  },
};

function load(outputs: string): LoadResult {
  const text = `listeners: [{ name: web, backends: ['10.0.0.1:80'] }]\noutputs:\n  hook:\n${outputs}`;
  return loadConfig({ file: 'vitald.yaml', text, env, kinds: standInKinds, outputKinds: [hook], machine });
}

t.test('names and defaults are filled in', async (t) => {
  const { plan } = load('    - { url: http://a/ }\n    - { url: http://b/, name: other }\n    - { url: http://c/, retries: 0 }\n');
  t.same(plan?.outputs, [
    { name: 'hook', type: 'hook', options: { url: 'http://a/', retries: 3 } },
    { name: 'other', type: 'hook', options: { url: 'http://b/', retries: 3 } },
    { name: 'hook-3', type: 'hook', options: { url: 'http://c/', retries: 0 } },
  ]);
});

t.test('what a kind warns of has its place', async (t) => {
  t.same(said(load('    - { url: http://c/, retries: 0 }\n')), ['4:34: outputs.hook[0].retries: what fails once is lost (warning)']);
});

t.test('check --print shows outputs without their secrets', async (t) => {
  const { plan } = load(
    "    - { url: 'http://user:pass@a/x?token=t0ken', keys: [blue], headers: { Authorization: Bearer abc, Accept: shown, X-A: hidden-too } }\n",
  );
  const text = explainAsText(plan!, [hook]);
  t.match(text, /^output hook: hook\n(.*\n)? {2}url +\[redacted\]$/m);
  t.match(text, /^ {2}retries +3$/m);
  t.match(text, 'Accept":"shown');
  const data = JSON.stringify(explainAsData(plan!, [hook]));
  t.match(data, '"outputs":[{"name":"hook","type":"hook","options":{"retries":3,"url":"[redacted]","keys":["[redacted]"]');
  for (const secret of ['user:', 't0ken', 'blue', 'abc', 'hidden-too']) {
    t.notMatch(text, secret);
    t.notMatch(data, secret);
  }
  t.notMatch(explainAsText(plan!, []), 'shown', 'of an unknown kind nothing is shown');
});

t.test('a secret that is wrong is not told', async (t) => {
  const { problems } = load("    - { url: 'ftp://user:pass@a/', keys: [bluee, 5] }\n    - { keys: [] }\n");
  t.same(
    problems.map(({ path, message }) => `${path}: ${message}`),
    [
      'outputs.hook[0].url: found a text; expected an http or https URL',
      'outputs.hook[0].keys[0]: found a text; expected one of blue, green (did you mean blue?)',
      'outputs.hook[0].keys[1]: found a number; expected one of blue, green',
      'outputs.hook[1].url: missing; required: an http or https URL',
    ],
  );
});

t.test('the schema for editors says what is secret', async (t) => {
  const list = buildSchema(standInKinds, [hook]).properties!['outputs']!.properties!['hook']!;
  t.match(list, { type: 'array', items: { required: ['url'], properties: { url: { 'x-secret': true } } } });
  t.notOk('x-secret' in list.items!.properties!['retries']!);
});

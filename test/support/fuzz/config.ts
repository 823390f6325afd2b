/** Configuration files, damaged and made up: src/config. Nothing in a file makes vitald throw; every problem has a place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc, { type Arbitrary } from 'fast-check';
import { loadConfig, type LoadResult } from '#vitald/config/load.js';
import { formatPath, type Problem } from '#vitald/config/problem.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { env, machine } from '../load.js';
import { attack, must, type Attack } from './attack.js';
import { damaged, damages } from './bytes.js';

const folder = 'test/config/valid';

function samples(): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Lines and words that are put into a file. */
const inserted = [
  '- ',
  ': ',
  '? ',
  '&a ',
  '*a ',
  '!!binary ',
  '!x ',
  '|',
  '>',
  '---',
  '...',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '#',
  '\t',
  '\n',
  '\n  ',
  '${PORT}',
  '${NONE}',
  '${',
  '$${',
  '${EVIL}',
  '${A:-b}',
  '<<: *a',
  '__proto__: 1\n',
  'constructor: 1\n',
  '~',
  '0x10',
  '010',
  '1e99',
  '-1',
  '.nan',
  '.inf',
  '99999999999999999999',
  '2001-01-01',
  'true',
  'null',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\ufeff',
  '\ud800',
  '\r',
  'a'.repeat(5000),
  '['.repeat(100),
  '- '.repeat(100),
];

/** A change of a text by its lines. */
interface Edit {
  readonly kind: 'insert' | 'remove' | 'repeat' | 'swap' | 'indent' | 'value';
  readonly line: number;
  readonly other: number;
  readonly text: string;
}

const edit: Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('insert', 'remove', 'repeat', 'swap', 'indent', 'value'),
  line: fc.nat(200),
  other: fc.nat(200),
  text: fc.constantFrom(...inserted),
});

function edited(text: string, { kind, line, other, text: more }: Edit): string {
  const lines = text.split('\n');
  const at = line % lines.length;
  const here = lines[at]!;
  const place = other % (here.length + 1);
  switch (kind) {
    case 'insert':
      lines[at] = here.slice(0, place) + more + here.slice(place);
      break;
    case 'remove':
      lines.splice(at, 1 + (other % 3));
      break;
    case 'repeat':
      lines.splice(at, 0, here);
      break;
    case 'swap':
      lines[at] = lines[other % lines.length]!;
      break;
    case 'indent':
      lines[at] = `${' '.repeat(other % 9)}${here.trimStart()}`;
      break;
    case 'value':
      lines[at] = here.replace(/: .*$/, `: ${more}`);
      break;
    default:
      kind satisfies never;
  }
  return lines.join('\n');
}

/** JSON is YAML: documents that fit the schema by their outline, with any values. */
const madeUp: Arbitrary<string> = fc
  .record(
    {
      checker: fc.jsonValue(),
      server: fc.oneof(fc.jsonValue(), fc.record({ listen: fc.jsonValue(), tokens: fc.jsonValue(), state_dir: fc.jsonValue() })),
      defaults: fc.oneof(fc.jsonValue(), fc.record({ profile: fc.jsonValue(), check: fc.jsonValue() })),
      outputs: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ name: fc.jsonValue(), type: fc.constantFrom('envoy', 'webhook', 'nginx', 'x') })),
      ),
      listeners: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record(
            {
              name: fc.oneof(fc.jsonValue(), fc.constant('web')),
              protocol: fc.oneof(fc.jsonValue(), fc.constantFrom('tcp', 'udp', 'http', 'https')),
              port: fc.jsonValue(),
              check: fc.oneof(fc.jsonValue(), fc.record({ interval: fc.jsonValue(), timeout: fc.jsonValue(), type: fc.jsonValue() })),
              backends: fc.oneof(
                fc.jsonValue(),
                fc.array(
                  fc.oneof(fc.jsonValue(), fc.ipV4(), fc.record({ address: fc.oneof(fc.jsonValue(), fc.ipV6()), port: fc.jsonValue() })),
                ),
              ),
            },
            { requiredKeys: [] },
          ),
        ),
      ),
    },
    { requiredKeys: [] },
  )
  .map((document) => JSON.stringify(document));

/** A valid file with some changes. */
function changedText(): Arbitrary<string> {
  const harm = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: damages });
  return fc.tuple(fc.constantFrom(...samples()), fc.array(edit, { maxLength: 5 }), harm).map(([sample, edits, all]) => {
    const text = edits.reduce(edited, sample);
    return all.length === 0 ? text : damaged(Buffer.from(text), all).toString('utf8');
  });
}

const load = (text: string): LoadResult => loadConfig({ file: 'vitald.yaml', text, env, kinds: probeKinds, outputKinds, machine });

const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function checkProblem({ file, line, column, path, message }: Problem, lines: readonly string[]): void {
  const where = `${line}:${column}: ${path}: ${message}`;
  must(file === 'vitald.yaml' && path !== '' && message !== '', `a problem without a place or words: ${where}`);
  must(Number.isInteger(line) && line >= 1 && line <= lines.length, `the file has ${lines.length} lines: ${where}`);
  // What is missing at the end of the file is reported behind its last character, which may be the end of a line.
  must(Number.isInteger(column) && column >= 1 && column <= lines[line - 1]!.length + 2, `line ${line} ends before: ${where}`);
  must(!unprintable.test(where) && !where.includes('\n'), () => `not one line of text: ${JSON.stringify(where)}`);
  must(message.length <= 2000, `${message.length} characters in one message`);
}

function checkLoaded(text: string, { plan, problems, warnings }: LoadResult): void {
  must((plan === undefined) === problems.length > 0, () => `${problems.length} problems, ${plan === undefined ? 'no' : 'a'} plan`);
  const lines = text.split('\n');
  for (const problem of [...problems, ...warnings]) checkProblem(problem, lines);
  if (plan === undefined) return;
  must(Object.isFrozen(plan), 'the plan can be changed');
  for (const { name, check, backends } of plan.listeners) {
    must(check.intervalMs > 0 && check.timeoutMs > 0, `${formatPath([name])}: every ${check.intervalMs} ms within ${check.timeoutMs} ms`);
    const ports = backends.filter(({ port, checkPort }) => !(port >= 1 && port <= 65_535 && checkPort >= 1 && checkPort <= 65_535));
    must(ports.length === 0, () => `ports of ${JSON.stringify(ports)}`);
  }
}

export const configAttacks: readonly Attack[] = [
  attack({
    name: 'config-damage',
    holds: 'a configuration file, however it is damaged, becomes a sound plan or a list of problems with line and column',
    runs: { suite: 120, long: 10_000 },
    inputs: changedText(),
    begin: () => ({ check: (text) => checkLoaded(text, load(text)) }),
  }),
  attack({
    name: 'config-values',
    holds: 'a configuration of any values becomes a sound plan or a list of problems with line and column',
    runs: { suite: 120, long: 10_000 },
    inputs: madeUp,
    begin: () => ({ check: (text) => checkLoaded(text, load(text)) }),
  }),
];

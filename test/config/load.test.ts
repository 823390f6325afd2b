import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '#vitald/config/load.js';
import { standInKinds } from '../support/kinds.js';
import { load, loadFile, machine, planOf, said } from '../support/load.js';

const minimal = 'listeners:\n  - name: web\n    backends: [10.0.0.1:80]\n';

t.test('a file that cannot be read is one clear problem at its first line', async (t) => {
  const dir = t.testdir({});
  const locked = join(dir, 'locked.yaml');
  writeFileSync(locked, minimal);
  chmodSync(locked, 0);
  t.match(said(loadFile(join(dir, 'absent.yaml'))), ['1:1: (file): cannot be read: there is no such file']);
  t.match(said(loadFile(dir)), ['1:1: (file): cannot be read: it is a folder; name a file in it']);
  t.match(said(loadFile(join(locked, 'x'))), ['1:1: (file): cannot be read: a part of its path is not a folder']);
  if (process.getuid?.() !== 0) t.match(said(loadFile(locked)), [/permission denied/]);
});

t.test('a file above 64 MiB is refused before it is read', async (t) => {
  const file = join(t.testdir({}), 'large.yaml');
  const descriptor = openSync(file, 'w');
  ftruncateSync(descriptor, 10 * 1024 * 1024 * 1024);
  closeSync(descriptor);
  t.same(said(loadFile(file)), ['1:1: (file): is too large: 10240.0 MiB and more; at most 64 MiB are read']);
});

t.test('a device and a FIFO are no configuration, and not opened', async (t) => {
  t.same(said(loadFile('/dev/zero')), ['1:1: (file): cannot be read: it is a device, not a regular file']);
  const fifo = join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [fifo]);
  t.same(said(loadFile(fifo)), ['1:1: (file): cannot be read: it is a FIFO (named pipe), not a regular file']);
});

t.test('a byte order mark is skipped', async (t) => {
  const file = join(t.testdir({}), 'bom.yaml');
  writeFileSync(file, `\ufeff${minimal}`);
  t.same(loadFile(file).problems, []);
  t.same(load(`\ufeff${minimal}`).problems, []);
});

t.test('line ends may be those of Windows', async (t) => {
  t.same(
    said(load(minimal.replaceAll('\n', '\r\n').replace('name:', 'nam:')))
      .at(0)
      ?.slice(0, 4),
    '2:5:',
  );
});

t.test('JSON is YAML', async (t) => {
  t.equal(planOf(JSON.stringify({ listeners: [{ name: 'web', backends: ['10.0.0.1:80'] }] })).listeners.length, 1);
});

t.test('a plan is frozen, and crosses threads as it is', async (t) => {
  const plan = planOf(minimal);
  t.same(structuredClone(plan), plan);
  t.throws(() => Object.assign(plan.listeners[0]!.check.options, { method: 'GET' }));
});

t.test('a key called __proto__ is an unknown key, and nothing else', async (t) => {
  t.match(said(load(`${minimal}__proto__: { polluted: true }\n`)), [/unknown key "__proto__"/]);
  t.equal(({} as { polluted?: boolean }).polluted, undefined);
});

t.test('names from Object are no variables and no profiles', async (t) => {
  t.match(said(load('checker: ${constructor}\nlisteners: []')), [/variable constructor is not set/, /no listeners/]);
  t.match(said(load('defaults: { profile: constructor }\nlisteners: []')), [/expected one of native/, /no listeners/]);
});

t.test('control characters of a file do not reach the terminal', async (t) => {
  const lines = said(load('"a\\e[31m\\u202e": 1\nlisteners: [{ name: "x\\e[0m", backends: ["\\e]0;x\\a"] }]'));
  lines.push(...said(load('a: !\u001b[31m x')), ...said(load('a: "\\\u001b"')));
  t.ok(lines.length >= 5);
  for (const line of lines) t.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

t.test('a problem with a shared default is told once, where it is written', async (t) => {
  const listeners = Array.from({ length: 50 }, (_, i) => `  - { name: l${i}, port: 80, backends: [10.0.0.1] }`).join('\n');
  const lines = said(load(`defaults: { check: { unhealthy_threshold: 5, source: 10.1.1.1 } }\nlisteners:\n${listeners}`));
  t.equal(lines.length, 1);
  t.match(lines[0], /^1:\d+: defaults\.check\.source/);
});

t.test('a listener’s value replaces the default, mappings are merged key by key', async (t) => {
  const plan = planOf(`
defaults:
  check: { interval: 7s, headers: { A: a, B: b }, expected_status: [200] }
listeners:
  - { name: own, protocol: http, port: 80, check: { interval: 8s, headers: { B: c }, expected_status: [204] }, backends: [10.0.0.1] }
  - { name: shared, protocol: http, port: 80, backends: [10.0.0.1] }
  - { name: other, port: 80, backends: [10.0.0.1] }
`);
  const [own, shared, other] = plan.listeners.map((listener) => listener.check);
  t.match(own, { intervalMs: 8000, options: { headers: { A: 'a', B: 'c' }, expected_status: [204] } });
  t.match(shared, { intervalMs: 7000, options: { headers: { A: 'a', B: 'b' }, expected_status: [200] } });
  t.same(other!.options, { tcp: { method: 'auto' } }, 'only the keys of the check’s own kind');
});

t.test('thousands of problems are told within bounds', async (t) => {
  for (const backend of ['{ adress: 10.0.0.1 }', '10.0.0.300', '10.0.0.1:0']) {
    const { problems } = load(`listeners:\n  - name: web\n    port: 80\n    backends:\n${`      - ${backend}\n`.repeat(5000)}`);
    t.equal(problems.length, 1001, backend);
    t.match(problems.at(-1)!.message, /more of this kind|more values/);
  }
});

t.test('many keys, aliases and levels cost no quadratic work', async (t) => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
  t.match(said(load(keys)).at(-1), /more/);
  const aliases = `x: &x 80\nlisteners:\n  - name: web\n    backends:\n${'      - { address: 10.0.0.1, port: *x }\n'.repeat(5000)}`;
  t.match(said(load(aliases)).at(0), /unknown key "x"/);
  t.match(said(load('['.repeat(1_000_000))), [/nested deeper than 64 levels/]);
});

t.test('10,000 backends with all their keys', async (t) => {
  const lines = Array.from(
    { length: 10_000 },
    (_, i) => `      - { address: 10.0.${i >> 8}.${i & 255}, port: 81, weight: 10, name: app-${i} }`,
  );
  const { plan, problems } = load(`listeners:\n  - name: web\n    backends:\n${lines.join('\n')}\n`);
  t.same(problems, []);
  t.equal(plan?.listeners[0]?.backends.length, 10_000);
});

t.test('a kind may refuse what a schema cannot express, at the place of the value', async (t) => {
  const kinds = standInKinds.map((kind) =>
    kind.name === 'https' ? { ...kind, validate: () => [{ path: ['tls', 'ca_file'], message: 'holds no certificate' }] } : kind,
  );
  const text =
    'listeners:\n  - name: web\n    protocol: https\n    check:\n      tls:\n        ca_file: /ca\n        verify: true\n    backends: [10.0.0.1:1]\n';
  const result = loadConfig({ file: 'f', text, env: {}, kinds, machine });
  t.same(said(result), ['6:18: listeners[0].check.tls.ca_file: holds no certificate']);
});

const statusCases = JSON.parse(readFileSync('test/conformance/expected_status.json', 'utf8')) as {
  cases: { expected_status: unknown[]; error?: boolean }[];
};

t.test('a status expression is refused with its path where the conformance file says so', async (t) => {
  for (const { expected_status: list, error } of statusCases.cases) {
    const check = `{ expected_status: ${JSON.stringify(list)} }`;
    const { problems } = load(`listeners: [{ name: web, protocol: http, port: 80, check: ${check}, backends: [10.0.0.1] }]`);
    t.same(
      problems.map((problem) => problem.path),
      error === true ? ['listeners[0].check.expected_status[0]'] : [],
      check,
    );
  }
});

t.test('entries that were taken out of a list do not shift the places of the others', async (t) => {
  const check = 'check: { expected_status: [{}, 200, [], 2xx] }';
  const lines = said(load(`listeners:\n  - { name: web, protocol: http, port: 80, ${check}, backends: [10.0.0.1] }\n`));
  t.match(lines, [/expected_status\[0\]: found a mapping/, /expected_status\[2\]: found a list/, /expected_status\[3\]: found "2xx"/]);
});

t.test('defaults of a mapping and of its keys are both taken', async (t) => {
  const options = {
    type: 'object',
    description: '-',
    default: {},
    properties: { verify: { type: 'boolean', default: false, description: '-' } },
  };
  const kinds = standInKinds.map((kind) => (kind.name === 'ping' ? { ...kind, optionsSchema: { secure: options } } : kind));
  const text = 'listeners: [{ name: web, port: 80, check: { type: ping }, backends: [10.0.0.1] }]';
  const { plan } = loadConfig({ file: 'f', text, env: {}, kinds, machine });
  t.same(plan?.listeners[0]?.check.options, { secure: { verify: false } });
});

t.test('a file that was cut off anywhere is told of, or valid; nothing is thrown', async (t) => {
  const whole = readFileSync('test/config/valid/every-key.yaml', 'utf8');
  for (let length = 0; length < whole.length; length += 37) {
    const { plan, problems } = load(whole.slice(0, length));
    t.equal(plan === undefined, problems.length > 0, `${length} characters`);
  }
});

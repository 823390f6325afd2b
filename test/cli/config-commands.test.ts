import t from 'tap';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { checkCommand } from '#vitald/cli/check.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { profilesCommand } from '#vitald/cli/profiles.js';
import { profileNames } from '#vitald/config/profiles/index.js';
import { schemaCommand } from '#vitald/cli/schema.js';
import type { Io } from '#vitald/cli/io.js';
import { standInKinds } from '../support/kinds.js';
import { env, machine } from '../support/load.js';

interface Captured extends Io {
  stdout: string;
  stderr: string;
}

function capture(color = false): Captured {
  const io: Captured = {
    stdout: '',
    stderr: '',
    color,
    out: (text) => void (io.stdout += text),
    err: (text) => void (io.stderr += text),
  };
  return io;
}

const good = 'listeners:\n  - { name: web, port: 80, backends: [10.0.0.1] }\n';
const bad = 'listeners:\n  - { nam: web, port: 80, backends: [10.0.0.1] }\n';

function check(
  text: string,
  options: { print?: boolean; json?: boolean; strict?: boolean } = {},
  io = capture(),
): Captured & { code: number } {
  const code = checkCommand(
    { file: 'vitald.yaml', text, env, kinds: standInKinds, machine },
    { print: false, json: false, strict: false, ...options },
    io,
  );
  return { ...io, code };
}

t.test('check says that a valid file is valid', async (t) => {
  t.match(check(good), { code: 0, stdout: 'vitald.yaml is valid: 1 listener, 1 backend\n', stderr: '' });
});

t.test('check tells every problem on its own line, and ends with 1', async (t) => {
  const { code, stdout, stderr } = check(bad);
  t.equal(code, 1);
  t.equal(stdout, '');
  t.match(stderr, /^vitald\.yaml:2:5: listeners\[0\]\.name: missing/m);
  t.match(stderr, /^vitald\.yaml:2:7: listeners\[0\]\.nam: unknown key "nam"; did you mean "name"\?$/m);
  t.match(stderr, /^vitald\.yaml is not valid: 2 problems$/m);
});

t.test('check colours the message on a terminal, and leaves the place plain', async (t) => {
  t.match(check(bad, {}, capture(true)).stderr, 'vitald.yaml:2:7: listeners[0].nam: \u001b[31munknown key');
});

t.test('check --print shows the effective values and the detection times', async (t) => {
  const { stdout, code } = check(good, { print: true });
  t.equal(code, 0);
  t.match(stdout, /check\.interval +5s/);
  t.match(stdout, /unhealthy +after 12s when silent, after 10s when refused/);
});

t.test('check --json --print is one JSON document with seconds and no secrets', async (t) => {
  const secret = good.replace('port: 80', 'port: 80, protocol: http, check: { headers: { Authorization: hidden-one, X-A: shown } }');
  const { stdout } = check(secret, { json: true, print: true });
  t.notMatch(stdout, 'hidden-one');
  t.match(JSON.parse(stdout), {
    valid: true,
    problems: [],
    effective: {
      listeners: [
        {
          name: 'web',
          check: { interval_seconds: 5, headers: { Authorization: '[redacted]', 'X-A': '[redacted]' } },
          detection: { unhealthy_silent_seconds: 12, unhealthy_refused_seconds: 10, healthy_seconds: 5, initial_seconds: 0 },
          backends: [{ id: '10.0.0.1:80', check_port: 80 }],
        },
      ],
    },
  });
});

t.test('check --json lists problems as data', async (t) => {
  const { stdout, stderr, code } = check(bad, { json: true });
  t.match([code, stderr], [1, '']);
  t.match(JSON.parse(stdout), { valid: false, problems: [{ file: 'vitald.yaml', line: 2, column: 5, path: 'listeners[0].name' }, {}] });
});

const doubtful = 'listeners:\n  - { name: web, port: 80, check: { source: 10.0.0.8 }, backends: [10.0.0.1] }\n';

t.test('check lists warnings, and ends with 0', async (t) => {
  const { code, stdout, stderr } = check(doubtful);
  t.equal(code, 0);
  t.equal(stdout, 'vitald.yaml is valid: 1 listener, 1 backend, 1 warning\n');
  t.match(stderr, /^vitald\.yaml:2:45: listeners\[0\]\.check\.source: .*checker_source_missing.* \(warning\)$/m);
});

t.test('check --strict treats every warning as a problem, and ends with 1', async (t) => {
  const { code, stdout, stderr } = check(doubtful, { strict: true, print: true });
  t.equal(code, 1);
  t.equal(stdout, '');
  t.match(stderr, /^vitald\.yaml:2:45: listeners\[0\]\.check\.source: this machine does not have the address 10\.0\.0\.8 /m);
  t.notMatch(stderr, '(warning)');
  t.match(stderr, /^vitald\.yaml is not valid: 1 problem$/m);
});

t.test('check --strict --json puts warnings among the problems, in the order of the file', async (t) => {
  const both = `${doubtful}  - { name: other, protcol: udp, port: 80, check: { source: 10.0.0.8 }, backends: [10.0.0.1] }\n`;
  const { code, stdout } = check(both, { strict: true, json: true });
  t.equal(code, 1);
  const { problems, ...rest } = JSON.parse(stdout) as { problems: { path: string }[] };
  t.match(rest, { valid: false, warnings: [] });
  t.same(
    problems.map(({ path }) => path),
    ['listeners[0].check.source', 'listeners[1].protcol', 'listeners[1].check.source'],
  );
  t.match(JSON.parse(check(doubtful, { json: true }).stdout), {
    valid: true,
    problems: [],
    warnings: [{ path: 'listeners[0].check.source' }],
  });
});

t.test('check --strict accepts a file without warnings', async (t) => {
  t.match(check(good, { strict: true }), { code: 0, stdout: 'vitald.yaml is valid: 1 listener, 1 backend\n', stderr: '' });
});

t.test('profiles lists them all, or one', async (t) => {
  const all = capture();
  t.equal(profilesCommand(undefined, { json: false }, all), 0);
  for (const name of profileNames) t.match(all.stdout, new RegExp(`^${name}$`, 'm'));
  const one = capture();
  t.equal(profilesCommand('tencent-clb', { json: true }, one), 0);
  t.match(JSON.parse(one.stdout), { name: 'tencent-clb', checks: { http: { timeout_seconds: 5, range: { timeout_seconds: [5, 5] } } } });
  const { checks } = JSON.parse(one.stdout) as { checks: object };
  t.same(
    Object.keys(checks),
    probeKinds.map(({ name }) => name),
    'every kind of check',
  );
});

t.test('profiles names the nearest profile when there is none of that name', async (t) => {
  const io = capture();
  t.equal(profilesCommand('tencent-clp', { json: false }, io), 2);
  t.match(io.stderr, 'there is no profile "tencent-clp"; did you mean tencent-clb? Known: native,');
});

t.test('schema prints a JSON Schema in which every key has a description', async (t) => {
  const io = capture();
  t.equal(schemaCommand(standInKinds, [], io), 0);
  const schema = JSON.parse(io.stdout) as object;
  t.ok(new Ajv2020({ strict: false }).validateSchema(schema));
  const bare: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries((node as { properties?: object }).properties ?? {})) {
      if (!('description' in child) && !('$ref' in child)) bare.push(`${path}.${key}`);
    }
    for (const [key, child] of Object.entries(node)) visit(child, `${path}.${key}`);
  };
  visit(schema, '');
  t.same(bare, []);
});

import { readFileSync } from 'node:fs';
import t from 'tap';
import { metricTable } from '#vitald/front/metrics/registry.js';
import { runTool, skipWithout } from '../support/tools.js';

const dir = 'deploy/prometheus';
const skip = skipWithout('promtool');

for (const [what, file] of [
  ['config', 'prometheus.yaml'],
  ['rules', 'vitald.rules.yaml'],
] as const) {
  t.test(`promtool accepts ${file}`, { skip }, async (t) => {
    const { status, output } = runTool('promtool', 'check', what, '--lint-fatal', '--lint=all', `${dir}/${file}`);
    t.equal(status, 0, output);
  });
}

t.test('the alerts fire on what they are for, and on nothing else', { skip }, async (t) => {
  const { status, output } = runTool('promtool', 'test', 'rules', `${dir}/vitald.rules.test.yaml`);
  t.equal(status, 0, output);
});

t.test('every alert has a test', async (t) => {
  const alerts = [...readFileSync(`${dir}/vitald.rules.yaml`, 'utf8').matchAll(/- alert: (\w+)/g)].map((match) => match[1]!);
  const tests = readFileSync(`${dir}/vitald.rules.test.yaml`, 'utf8');
  t.ok(alerts.length > 0);
  for (const alert of alerts) t.match(tests, new RegExp(`alertname: ${alert}\\b[\\s\\S]*?exp_labels`), alert);
});

t.test('rules and their tests use metrics that vitald has', async (t) => {
  const known = new Set(metricTable.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, name] : [name])));
  for (const file of ['vitald.rules.yaml', 'vitald.rules.test.yaml']) {
    const used = new Set(readFileSync(`${dir}/${file}`, 'utf8').match(/\bvitald_\w+/g));
    t.ok(used.size > 0);
    for (const name of used) t.ok(known.has(name), `${file}: ${name}`);
  }
});

import { readFileSync } from 'node:fs';
import t from 'tap';
import { targetLabels } from '#vitald/front/outputs/prometheus-sd/targets.js';
import { loadFile } from '../support/load.js';
import { runTool, skipWithout } from '../support/tools.js';

const folder = 'deploy/examples/prometheus-sd';

t.test('promtool accepts its Prometheus configuration', { skip: skipWithout('promtool') }, async (t) => {
  const { status, output } = runTool('promtool', 'check', 'config', `${folder}/prometheus.yaml`);
  t.equal(status, 0, output);
});

t.test('it fits the configuration of vitald beside it', async (t) => {
  const { plan, problems, warnings } = loadFile(`${folder}/vitald.yaml`);
  t.same([...problems, ...warnings], []);
  const text = readFileSync(`${folder}/prometheus.yaml`, 'utf8');
  const [, listener] = /v1\/sd\?listener=(\w+)/.exec(text)!;
  t.ok(plan!.listeners.some(({ name }) => name === listener));
  t.ok(text.includes(`http://${plan!.server.host}:${plan!.server.port}/`));
  for (const [label] of text.matchAll(/__meta_\w+/g)) t.ok(label in targetLabels, label);
});

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { loadConfig } from '#vitald/config/load.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { command } from '#vitald/front/outputs/command/kind.js';
import { webhook } from '#vitald/front/outputs/webhook/kind.js';
import { Child } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { FrontWorld } from '../support/front-world.js';
import { machine } from '../support/load.js';
import { standInKinds } from '../support/kinds.js';
import { runOutput } from '../support/output-world.js';
import { runTool, skipWithout } from '../support/tools.js';

const dir = 'deploy/examples';
const secret = 'a secret of enough characters';

for (const name of ['alertmanager', 'command', 'webhook']) {
  t.test(`the configuration of the example ${name} is valid, and has the output`, async (t) => {
    const env = { WEBHOOK_SECRET: secret };
    const { plan, problems, warnings } = loadConfig({ file: `${dir}/${name}/vitald.yaml`, env, kinds: standInKinds, outputKinds, machine });
    t.same([...problems, ...warnings], []);
    t.same(
      plan!.outputs.map(({ type }) => type),
      [name],
    );
  });
}

t.test('amtool accepts the configuration of Alertmanager', { skip: skipWithout('amtool') }, async (t) => {
  const { status, output } = runTool('amtool', 'check-config', `${dir}/alertmanager/alertmanager.yml`);
  t.equal(status, 0, output);
});

/** @returns the port that it listens on, and what it says */
async function startReceiver(t: { teardown(fn: () => unknown): void }) {
  const receiver = new Child([process.execPath, `${dir}/webhook/receiver.mjs`, '0'], { env: { WEBHOOK_SECRET: secret } });
  t.teardown(() => receiver.stop('SIGKILL'));
  const port = /port (\d+)/.exec(await receiver.line(/listening/))![1]!;
  return { url: `http://127.0.0.1:${port}/vitald`, lines: receiver.outLines };
}

t.test('the receiver of the example takes what vitald has signed, each event once', async (t) => {
  const { url, lines } = await startReceiver(t);
  const world = new FrontWorld({ web: { backends: ['app-1', 'app-2'] } });
  const { post, output } = runOutput(t, world, webhook, { url, secret });
  const change = world.turn('web', 'app-1', 'unhealthy', 'connect_refused');
  post(change, change, world.turn('web', 'app-2', 'healthy', 'ok'));
  await eventually('its success', () => output.state().state === 'ok');
  await eventually('its lines', () => lines.length === 3);
  t.same(lines.slice(1), [
    'lb-1 web/app-1: initial → unhealthy, not routable (unhealthy): connect_refused',
    'lb-1 web/app-2: initial → healthy, routable (healthy): ok',
  ]);
});

t.test('the receiver of the example refuses what somebody else has signed, and what is old', async (t) => {
  const { url, lines } = await startReceiver(t);
  const world = new FrontWorld({ web: { backends: ['app-1'] } });
  const { post, output } = runOutput(t, world, webhook, { url, secret: 'another secret of some length' });
  post(world.turn('web', 'app-1', 'unhealthy', 'connect_refused'));
  await eventually('the refusal', () => output.state().problem?.endsWith('answered 401'));
  for (const header of [undefined, 'nonsense', `t=1,v1=${'0'.repeat(64)}`]) {
    const headers: Record<string, string> = header === undefined ? {} : { 'X-Vitald-Signature': header };
    t.equal((await fetch(url, { method: 'POST', headers, body: '{"checker":"x","events":[]}' })).status, 401);
  }
  t.equal(lines.length, 1);
});

t.test('the program of the example writes down what happens', async (t) => {
  const file = join(temporaryFolder(t), 'transitions.log');
  const world = new FrontWorld({ web: { backends: ['app-1'] } });
  const program = resolve(dir, 'command/record.mjs');
  // Node.js may not be in the usual folders here: its first line cannot be relied on.
  const { post, output } = runOutput(t, world, command, { command: [process.execPath, program, file] });
  post(world.turn('web', 'app-1', 'unhealthy', 'connect_refused'));
  await eventually('its success', () => output.state().state === 'ok');
  t.match(readFileSync(file, 'utf8'), /^\S+Z lb-1 web\/app-1 initial → unhealthy not routable connect_refused\n$/);
});

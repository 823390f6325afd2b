/** An nginx output whose file is valid and loaded, and still not all that nginx follows. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from '../support/daemon.js';
import { FrontWorld } from '../support/front-world.js';
import { missingTools } from '../support/lab/requirements.js';
import { NginxOutputWorld } from '../support/nginx-output.js';
import { NginxProxy } from '../support/nginx-proxy.js';
import { ownAddress } from '../support/own-address.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;

function healthyWorld(): FrontWorld {
  const world = new FrontWorld({ web: { backends: ['a'] }, dns: { backends: ['b'] } });
  world.turn('web', 'a', 'healthy', 'ok');
  world.turn('dns', 'b', 'healthy', 'ok');
  return world;
}

t.test('a file that nginx does not read: failing with the line to write, until nginx reads it', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const url = `http://${ownAddress}:18343/`;
  const nginx = NginxProxy.in(t, folder, url);
  const configure = (include: string): void => {
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ');
    writeFileSync(
      join(folder, 'nginx.conf'),
      `pid nginx.pid; error_log nginx-error.log notice; ${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; ${paths} ${include} server { listen ${new URL(url).host}; location / { return 200; } } }
`,
    );
  };
  configure('');
  await nginx.start();
  const world = new NginxOutputWorld(t, healthyWorld());
  world.start({ test_command: nginx.testCommand, reload_command: nginx.reloadCommand });
  const problem = `nginx does not read ${world.path}: write include ${world.path}; within http`;
  t.match(await world.stateWhen(({ state }) => state === 'failing'), { problem, successes: 0 });
  world.turn('a', 'unhealthy');
  await world.stateWhen(({ details }) => details.servers_down === 1);
  t.equal(world.log.filter(({ level }) => level === 'warn').length, 1, 'not in each run');
  configure(`include ${world.path.replace(/[^/]*$/, '*.conf')};`);
  t.match(await world.stateWhen(({ state }) => state === 'ok'), { problem: undefined });
});

t.test('a template that leaves a listener out: failing with its name, until the template has it', async (t) => {
  const world = new NginxOutputWorld(t, healthyWorld());
  const template = join(temporaryFolder(t), 'upstreams.mustache');
  writeFileSync(template, '{{#listeners.0}}upstream {{name}} {\n{{#servers}}server {{endpoint}};\n{{/servers}}\n}{{/listeners.0}}\n');
  world.start({ template_file: template });
  t.match(await world.stateWhen(({ state }) => state === 'failing'), { problem: `${template} writes no server of listener dns` });
  t.equal(world.servers?.length, 1, 'what the template has is written');
  writeFileSync(template, '{{#listeners}}upstream {{name}} {\n{{#servers}}server {{endpoint}};\n{{/servers}}\n}{{/listeners}}\n');
  await world.stateWhen(({ state }) => state === 'ok');
  t.equal(world.servers?.length, 2);
});

t.test('an output that is for some listeners does not miss the others', async (t) => {
  const world = new NginxOutputWorld(t, healthyWorld());
  world.start({ listeners: ['web'] });
  t.match(await world.stateWhen(({ state }) => state !== 'starting'), { state: 'ok' });
});

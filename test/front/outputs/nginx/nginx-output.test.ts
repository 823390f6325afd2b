import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { companion } from '#vitald/front/outputs/replace-file.js';
import { eventually } from '../../../support/eventually.js';
import { FrontWorld } from '../../../support/front-world.js';
import { NginxOutputWorld } from '../../../support/nginx-output.js';
import { Stopwatch } from '../../../support/stopwatch.js';

/** Three backends, all healthy. */
function healthyWorld(t: Test): NginxOutputWorld {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] }, other: { backends: ['d'] } });
  for (const id of ['a', 'b', 'c']) world.turn('web', id, 'healthy', 'ok');
  world.turn('other', 'd', 'healthy', 'ok');
  return new NginxOutputWorld(t, world);
}

const line = (host: number, down = false): string => `10.0.0.${host}:80 weight=10 max_fails=0${down ? ' down' : ''}`;
const listeners = ['web'];

t.test('the file is written, tested and loaded, and again at a change', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  t.same(world.servers, [line(1), line(2), line(3)]);
  world.turn('b', 'unhealthy');
  const state = await world.upToDate();
  t.same(world.servers, [line(1), line(2, true), line(3)]);
  const [tests, reloads] = [world.asked('test'), world.asked('reload')];
  t.equal(tests.length, 2);
  t.same(
    reloads.map(({ text }) => text),
    tests.map(({ text }) => text),
    'what was tested was loaded',
  );
  t.match(state.details, { path: world.path, servers_up: 2, servers_down: 1, reloads: 2 });
  t.match(state, { state: 'ok', problem: undefined, failures: 0 });
  t.ok(Date.parse(String(state.details.last_reload_at)) > 0);
});

t.test('however many changes come, there is at most one reload a second, and the last one has them all', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners, min_interval: '1s' });
  await world.upToDate();
  for (let change = 0; change < 101; change++) {
    world.turn('b', change % 2 === 0 ? 'unhealthy' : 'healthy');
    if (change % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await world.upToDate();
  t.same(world.servers, [line(1), line(2, true), line(3)]);
  const times = world.asked('reload').map(({ at }) => at);
  t.ok(times.length >= 2);
  for (const [index, at] of times.entries()) if (index > 0) t.ok(at - times[index - 1]! >= 1000, `${at - times[index - 1]!} ms apart`);
});

t.test('where no byte of the file changes, nginx is left alone', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  world.turn('b', 'unhealthy');
  world.turn('b', 'healthy');
  await world.upToDate();
  t.equal(world.asked('reload').length, 1);
  world.turn('d', 'unhealthy', 'other');
  t.equal(world.outputState.successes, 2, 'another listener wakes nobody');
  await world.close();
  world.start({ listeners });
  await world.upToDate();
  t.equal(world.asked('reload').length, 1, 'nor does another start of the daemon');
});

t.test('a file that nginx refuses is taken back before anything else happens; the cause is told', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  const good = readFileSync(world.path, 'utf8');
  // Refuses whatever has a server that is down.
  world.nginxSays(
    'test',
    `grep -q down '${world.path}' || exit 0; echo 'nginx: [emerg] no more' >&2; echo 'nginx: test failed' >&2; exit 1`,
  );
  world.turn('b', 'unhealthy');
  const { problem } = await world.stateWhen(({ state }) => state === 'failing');
  t.equal(readFileSync(world.path, 'utf8'), good);
  t.match(
    problem,
    /nginx refuses the new .*upstreams.conf \(now .*-rejected\); the one before is in its place again: .* ended with exit code 1: nginx: \[emerg\] no more$/,
  );
  t.match(readFileSync(companion(world.path, 'rejected'), 'utf8'), /10.0.0.2:80 weight=10 max_fails=0 down;/);
  t.equal(world.asked('reload').length, 1);
  t.match(world.log.at(-1), { level: 'warn', message: /nginx does not follow the verdicts: nginx refuses/ });

  world.nginxSays('test', 'exit 0');
  await world.upToDate();
  t.same(world.servers, [line(1), line(2, true), line(3)], 'it is tried again by itself');
  t.match(world.log.map(({ message }) => message).join('\n'), /nginx follows the verdicts again/);
});

t.test('where nginx would refuse the file of before too, that is told instead', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  world.nginxSays('test', 'echo "nginx: [emerg] unknown directive \\"x\\" in /etc/nginx/nginx.conf:3" >&2; exit 1');
  world.turn('b', 'unhealthy');
  const { problem } = await world.stateWhen(({ state }) => state === 'failing');
  t.match(
    problem,
    /the test fails for the new .*upstreams.conf, and without it, too; fix that first; .*unknown directive \"x\" in .*nginx.conf:3/,
  );
  t.same(world.servers, [line(1), line(2), line(3)]);
});

t.test('a test that hangs is killed, and the file taken back', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners, command_timeout: '300ms' });
  await world.upToDate();
  world.nginxSays('test', 'sleep 60');
  world.turn('b', 'unhealthy');
  const { problem } = await world.stateWhen(({ state }) => state === 'failing');
  t.match(problem, /did not end within 0.3 s, and was killed/);
  t.same(world.servers, [line(1), line(2), line(3)]);
});

t.test('closing ends a test that is under way within a second, and takes the file back', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  world.nginxSays('test', 'trap "" TERM; sleep 60; sleep 60');
  world.turn('b', 'unhealthy');
  await eventually('the test', () => world.asked('test').length === 2);
  const watch = await Stopwatch.start();
  await world.close();
  t.ok(watch.isWithin(1000), String(watch));
  t.same(world.servers, [line(1), line(2), line(3)]);
});

t.test('where nginx does not run, the file is new already when it starts, and reloads are tried again', async (t) => {
  const world = healthyWorld(t);
  world.nginxSays('reload', 'echo "nginx: [error] invalid PID number \\"\\" in \\"/run/nginx.pid\\"" >&2; exit 1');
  world.start({ listeners });
  const { problem } = await world.stateWhen(({ state }) => state === 'failing');
  t.match(problem, /nginx has not loaded .*upstreams.conf, which is new and valid: .*invalid PID number .*; is nginx running\?/);
  t.same(world.servers, [line(1), line(2), line(3)]);
  await world.close();

  world.nginxSays('reload', 'exit 0');
  const reloads = world.asked('reload').length;
  world.start({ listeners });
  await world.upToDate();
  t.equal(world.asked('reload').length, reloads + 1, 'another daemon knows that nginx has not loaded it');
  t.equal(world.asked('test').length, 1);
});

t.test('there is no such program', async (t) => {
  const world = healthyWorld(t);
  writeFileSync(world.path, 'upstream web { server 10.0.0.1:80; }');
  world.start({ listeners, test_command: ['/nowhere/nginx', '-t'] });
  const { problem } = await world.stateWhen(({ state }) => state === 'failing');
  t.match(problem, /\/nowhere\/nginx could not be started: there is no such program/);
  t.same(world.servers, ['10.0.0.1:80']);
});

t.test('a daemon that was killed while nginx tested leaves the file of before, once another one is there', async (t) => {
  const world = healthyWorld(t);
  writeFileSync(world.path, 'upstream web { this is not tested');
  writeFileSync(companion(world.path, 'previous'), 'upstream web { server 10.0.0.1:80; }');
  world.nginxSays('test', 'exit 1');
  world.start({ listeners });
  await world.stateWhen(({ state }) => state === 'failing');
  t.same(world.servers, ['10.0.0.1:80']);
  t.notOk(existsSync(companion(world.path, 'previous')));
});

t.test('a daemon that has just started and knows nothing does not touch a file', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const output = new NginxOutputWorld(t, world);
  output.start();
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.equal(output.servers, undefined, 'there was none: it waits until every backend was probed');
  t.equal(output.outputState.state, 'starting');
  for (const id of ['a', 'b', 'c']) output.turn(id, 'healthy');
  await output.upToDate();
  t.same(output.servers, [line(1), line(2), line(3)]);
});

t.test('a daemon that has just started and knows nothing keeps the servers as the file has them', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const output = new NginxOutputWorld(t, world);
  const file = `upstream web {\n server ${line(1)};\n server ${line(2, true)};\n server ${line(3)};\n}`;
  writeFileSync(output.path, file);
  output.start();
  await output.upToDate();
  t.same(output.servers, [line(1), line(2, true), line(3)]);
  output.turn('b', 'healthy');
  output.turn('c', 'unhealthy');
  await output.upToDate();
  t.same(output.servers, [line(1), line(2), line(3, true)]);
});

t.test('backends that come and go come and go in the file', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  world.turn('web', 'a', 'healthy', 'ok');
  world.turn('web', 'b', 'healthy', 'ok');
  const output = new NginxOutputWorld(t, world);
  output.start();
  await output.upToDate();
  const message = world.reconfigure({ web: { backends: ['a', 'c'] } });
  output.state.applyPlan(message);
  output.tell([]);
  await output.upToDate();
  t.same(output.servers, [line(1), line(3, true)], 'the new one has no verdict yet');
  output.turn('c', 'healthy');
  await output.upToDate();
  t.same(output.servers, [line(1), line(3)]);
});

t.test('a template of the operator is used, and read again each time', async (t) => {
  const world = healthyWorld(t);
  const template = join(world.folder, 'template');
  world.start({ listeners, template_file: template });
  t.match((await world.stateWhen(({ state }) => state === 'failing')).problem, /template cannot be read \(ENOENT\)/);
  const upstream = 'upstream my_{{name}} { least_conn; {{#servers}}server {{endpoint}}{{#down}} down{{/down}};{{/servers}} }';
  writeFileSync(template, `{{#listeners}}${upstream}{{/listeners}}`);
  await world.upToDate();
  t.equal(readFileSync(world.path, 'utf8'), 'upstream my_web { least_conn; server 10.0.0.1:80;server 10.0.0.2:80;server 10.0.0.3:80; }');
});

t.test('a file that was taken away is there again at the next change', async (t) => {
  const world = healthyWorld(t);
  world.start({ listeners });
  await world.upToDate();
  rmSync(world.path);
  world.turn('b', 'unhealthy');
  await world.upToDate();
  t.same(world.servers, [line(1), line(2, true), line(3)]);
});

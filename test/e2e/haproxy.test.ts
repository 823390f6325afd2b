/** The daemon with both outputs for HAProxy, as it runs for its users. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { Haproxy } from '../support/haproxy.js';
import { missingTools } from '../support/lab/requirements.js';
import { ownAddress } from '../support/own-address.js';
import { Stopwatch } from '../support/stopwatch.js';

const missing = missingTools(['haproxy']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`the end-to-end tests with HAProxy are skipped: ${missing}`);

/** Which port it was given the agent does not tell. */
const agentPort = 18_321;

/** What the agent says of the backend. */
async function askAgent(): Promise<string> {
  const socket = connect(agentPort, ownAddress);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.write('web/a\n');
  await once(socket, 'close');
  return answer;
}

/** A backend that says it is well, or is not. */
class Backend {
  isWell = true;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (_, response) => {
      response.statusCode = this.isWell ? 200 : 503;
      response.end();
    });
  }

  static async start(t: Test): Promise<Backend> {
    const server = createServer().listen(0, '127.0.0.1');
    t.teardown(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));
    await once(server, 'listening');
    return new Backend(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
}

interface World {
  readonly haproxy: Haproxy;
  readonly daemon: RunningDaemon;
  readonly backend: Backend;
}

async function start(t: Test): Promise<World> {
  const backend = await Backend.start(t);
  const folder = temporaryFolder(t);
  const haproxy = new Haproxy(t, folder);
  await haproxy.start(`backend web\n    server a 127.0.0.1:${backend.port}`);
  const daemon = await RunningDaemon.start(t, folder, { config: configOf(haproxy, backend) });
  return { haproxy, daemon, backend };
}

function configOf(haproxy: Haproxy, { port }: Backend): object {
  const check = { type: 'http', interval: '200ms', timeout: '150ms', unhealthy_threshold: 2, healthy_threshold: 2 };
  const backends = [{ address: '127.0.0.1', port, name: 'a' }];
  return {
    server: { listen: '127.0.0.1:0', state_dir: 'none' },
    outputs: { haproxy_runtime: [{ socket: haproxy.socket }], haproxy_agent: [{ listen: `${ownAddress}:${agentPort}` }] },
    listeners: [{ name: 'web', protocol: 'http', check, backends }],
  };
}

/** How long after a verdict HAProxy has it, ms. */
async function delayOf(isWell: boolean, { haproxy, daemon, backend }: World): Promise<number> {
  const since = Date.now();
  backend.isWell = isWell;
  await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed === isWell);
  const followedAt = Date.now();
  const state = isWell ? 'healthy' : 'unhealthy';
  const verdict = await daemon.backendWhen('web', 'a', (a) => a.state === state && Date.parse(a.since) >= since);
  return followedAt - Date.parse(verdict.since);
}

t.test('one daemon, one HAProxy', { skip }, async (t) => {
  const world = await start(t);

  await t.test('HAProxy has a verdict within 100 ms', async (t) => {
    await world.haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
    await world.daemon.statusWhen((backends) => backends.every(({ state }) => state === 'healthy'));
    const watch = await Stopwatch.start();
    const delays: number[] = [];
    for (let round = 0; round < 2; round++) for (const isWell of [false, true]) delays.push(await delayOf(isWell, world));
    const shown = `${delays.map((delay) => `${delay} ms`).join(', ')} in ${String(watch)}`;
    // The others tell what else the machine had to do.
    t.ok(Math.min(...delays) <= watch.scaled(100), shown);
    t.ok(Math.max(...delays) < watch.scaled(5000), shown);
  });

  await t.test('a HAProxy that hangs holds up neither the API, nor the probes, nor another output', async (t) => {
    const { haproxy, daemon, backend } = world;
    await daemon.statusWhen((backends) => backends.every(({ state }) => state === 'healthy'));
    haproxy.signal('SIGSTOP');
    backend.isWell = false;
    const { revision } = await daemon.statusWhen((backends) => backends.every(({ state }) => state === 'unhealthy'));
    await daemon.logged(({ msg, problem }) => msg.startsWith('cannot reach HAProxy') && /no answer within 2 s/.test(String(problem)));
    const watch = await Stopwatch.start();
    await daemon.status(`?since=${revision}`);
    t.match(await askAgent(), /^down ready 100% #/);
    t.ok(watch.isWithin(1000), String(watch));
    haproxy.signal('SIGCONT');
    await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
    await daemon.logged(({ msg }) => msg === 'reached HAProxy again');
  });

  await t.test('a reload that takes the output away leaves HAProxy as it is; one that brings it back goes on', async (t) => {
    const { haproxy, daemon, backend } = world;
    backend.isWell = true;
    await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
    const config = configOf(haproxy, backend);
    daemon.rewriteConfig({ ...config, outputs: {} });
    daemon.signal('SIGHUP');
    await daemon.logged(({ msg }) => msg === 'a new configuration is in force');
    backend.isWell = false;
    await daemon.statusWhen((backends) => backends.every(({ state }) => state === 'unhealthy'));
    t.match(await haproxy.server('web', 'a'), { isUsed: true });
    daemon.rewriteConfig(config);
    daemon.signal('SIGHUP');
    await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  });
});

t.test('a vitald that is killed and started again leaves HAProxy as it is, and goes on', { skip }, async (t) => {
  const world = await start(t);
  const { haproxy, daemon, backend } = world;
  backend.isWell = false;
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'DOWN');
  await daemon.stop('SIGKILL');
  backend.isWell = true;
  const again = await RunningDaemon.start(t, temporaryFolder(t), { config: configOf(haproxy, backend) });
  await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed);
  t.match(await again.backend('web', 'a'), { state: 'healthy' });
});

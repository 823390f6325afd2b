/** What every kind of output says of itself: before it has anything to do, when it works, when it fails, and afterwards. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import type { ShownOutput } from '#vitald/front/outputs/outputs.js';
import { outputsOf } from '../../support/api-with-outputs.js';
import { temporaryFolder } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { FrontWorld } from '../../support/front-world.js';
import { HookReceiver } from '../../support/hook-receiver.js';

/** The other side of an output. */
interface OtherSide {
  /** Options of the output that leads there. */
  readonly options: Readonly<Record<string, unknown>>;
  /** State while nothing has happened. `ok`: it has something to do without any event. */
  readonly before: 'idle' | 'ok';
  breaks(): unknown;
  works(): unknown;
  /** Asks the output, where the other side does. */
  asks?(api: Api): Promise<unknown>;
}

type Api = Awaited<ReturnType<typeof outputsOf>>;

const once204 = (receiver: HookReceiver): Pick<OtherSide, 'breaks' | 'works'> => ({
  breaks: () => (receiver.answer = (response) => void response.writeHead(503).end()),
  works: () => receiver.accept(),
});

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

/** A socket that answers as HAProxy does. */
async function haproxy(t: Test): Promise<OtherSide> {
  const path = join(temporaryFolder(t), 'admin.sock');
  const columns = '# be_id be_name srv_name srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state';
  const servers = { works: ['1 web a 2 0 1 1 0', '1 web b 2 0 1 1 0'], breaks: ['1 be_web a 2 0 1 1 0'] };
  let rows = servers.works;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      const isTable = bytes.includes('show');
      socket.end(
        isTable
          ? ['Name: HAProxy', 'Pid: 42', '', '1', columns, ...rows, '', ''].join('\n')
          : '\n'.repeat(bytes.toString().split(';').length),
      );
    });
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return {
    options: { socket: path, reconcile_interval: '100ms', control: 'all', weights: 'relative' },
    before: 'ok',
    breaks: () => (rows = servers.breaks),
    works: () => (rows = servers.works),
  };
}

const otherSides: Readonly<Record<string, (t: Test) => Promise<OtherSide> | OtherSide>> = {
  haproxy_runtime: haproxy,
  haproxy_agent: () => {
    let name = 'web/a\n';
    return {
      options: { listen: '127.0.0.1:0', control: 'all', weights: 'relative' },
      before: 'idle',
      breaks: () => (name = 'wib/a\n'),
      // A question that could not be answered is shown for half a minute.
      works: () => (name = ''),
      asks: async ({ outputs }) => {
        if (name === '') return;
        const port = await eventually('the agent', () => (outputs.states()[0]!.state.details['port'] as number | null) ?? undefined);
        const socket = connect(port, '127.0.0.1', () => socket.write(name));
        await once(socket.resume(), 'close');
      },
    };
  },
  nginx: (t) => {
    const folder = temporaryFolder(t);
    const test = join(folder, 'test');
    script(test, 'exit 0');
    script(join(folder, 'reload'), 'exit 0');
    return {
      options: {
        path: join(folder, 'upstreams.conf'),
        test_command: [test],
        reload_command: [join(folder, 'reload')],
        command_timeout: '10s',
        min_interval: '20ms',
      },
      before: 'ok',
      breaks: () => script(test, 'exit 1'),
      works: () => script(test, 'exit 0'),
    };
  },
  envoy: () => {
    let cluster = 'web';
    return {
      options: { hold: '0s' },
      before: 'idle',
      breaks: () => (cluster = 'wib'),
      works: () => (cluster = ''),
      asks: async ({ app }) =>
        cluster !== '' && app.inject({ method: 'POST', url: '/v3/discovery:endpoints', body: { resource_names: [cluster] } }),
    };
  },
  prometheus_sd: () => {
    let query = '';
    let asks = true;
    return {
      options: { only: 'all' },
      before: 'idle',
      breaks: () => (query = '?listener=wib'),
      works: () => (asks = false),
      asks: async ({ app }) => asks && app.inject({ url: `/v1/sd${query}` }),
    };
  },
  file: (t) => {
    const folder = join(temporaryFolder(t), 'status');
    mkdirSync(folder);
    return {
      options: { path: join(folder, 'status.json'), mode: '0644', min_interval: '20ms' },
      before: 'ok',
      breaks: () => rmSync(folder, { recursive: true }),
      works: () => mkdirSync(folder),
    };
  },
  webhook: async (t) => {
    const receiver = await HookReceiver.start(t);
    return { options: { url: receiver.url, ...eventDefaults, timeout: '5s' }, before: 'idle', ...once204(receiver) };
  },
  command: (t) => {
    const program = join(temporaryFolder(t), 'program');
    script(program, 'cat > /dev/null');
    return {
      options: { command: [program], env: {}, ...eventDefaults, timeout: '5s' },
      before: 'idle',
      breaks: () => script(program, 'cat > /dev/null; exit 1'),
      works: () => script(program, 'cat > /dev/null'),
    };
  },
  alertmanager: async (t) => {
    const receiver = await HookReceiver.start(t);
    return {
      options: { url: receiver.url, headers: {}, labels: {}, repeat_interval: '1h', timeout: '5s' },
      before: 'idle',
      ...once204(receiver),
    };
  },
};

const eventDefaults = { headers: {}, events: ['state'], batch_interval: '100ms', batch_size: 100, present_at_start: false };
/** Kinds whose failures stay for a while, because several may ask. */
const showsFailuresLonger = ['haproxy_agent', 'envoy', 'prometheus_sd'];

t.test('every kind of output is in this table', async (t) => {
  t.same(Object.keys(otherSides).sort(), outputKinds.map(({ name }) => name).sort());
});

for (const [type, otherSide] of Object.entries(otherSides)) {
  t.test(`${type}: state, successes, time and metric are right before, during and after its work`, async (t) => {
    const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
    for (const backend of ['a', 'b']) world.turn('web', backend, 'healthy', 'ok');
    const side = await otherSide(t);
    const api = await outputsOf(t, world, [{ type, options: side.options }]);
    const shown = (): ShownOutput => api.outputs.states()[0]!;
    const up = async (): Promise<string | undefined> =>
      /^vitald_output_up\{.*\} (\d)$/m.exec((await api.app.inject({ url: '/metrics' })).body)?.[1];
    const becomes = (state: string): Promise<unknown> =>
      // What is ok may not have seen the change yet.
      eventually(`${type} to be ${state}`, () => shown().state.state === state && (state !== 'ok' || !((shown().behind ?? 0) > 0))).catch(
        (error: unknown) => {
          throw new Error(`${String(error)}; last seen: ${JSON.stringify(shown())}`);
        },
      );
    let health: 'healthy' | 'unhealthy' = 'healthy';
    const happens = async (): Promise<void> => {
      health = health === 'healthy' ? 'unhealthy' : 'healthy';
      api.changes(world.turn('web', 'a', health, health === 'healthy' ? 'ok' : 'connect_refused'));
      await side.asks?.(api);
    };

    await becomes(side.before);
    if (side.before === 'idle') {
      t.match(shown().state, { successes: 0, failures: 0, lastSuccessAt: undefined, problem: undefined });
      t.equal(await up(), undefined, 'nothing was tried yet');
    }

    await happens();
    await becomes('ok');
    const { successes, lastSuccessAt } = shown().state;
    t.ok(successes >= 1);
    t.ok(lastSuccessAt !== undefined && Math.abs(Date.now() - lastSuccessAt) < 60_000);
    t.match(shown().state, { failures: 0, problem: undefined });
    t.equal(await up(), '1');

    side.breaks();
    await happens();
    await becomes('failing');
    t.ok(shown().state.failures >= 1);
    t.ok(shown().state.lastFailureAt !== undefined);
    t.match(shown().state.problem, /\S/);
    t.equal(await up(), '0');

    side.works();
    if (showsFailuresLonger.includes(type)) return;
    await becomes('ok');
    t.ok(shown().state.successes > successes);
    t.equal(shown().state.problem, undefined);
    t.equal(await up(), '1');
  });
}

for (const type of ['webhook', 'command', 'alertmanager']) {
  t.test(`${type}: it is ok after the first delivery, though the next event is always there before the last one is taken`, async (t) => {
    const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
    const receiver = await HookReceiver.start(t);
    receiver.answer = (response) => void setTimeout(() => response.end('ok'), 100);
    const program = join(temporaryFolder(t), 'program');
    script(program, 'cat > /dev/null; sleep 0.1');
    const options = {
      webhook: { url: receiver.url, ...eventDefaults, timeout: '5s' },
      command: { command: [program], env: {}, ...eventDefaults, timeout: '5s' },
      alertmanager: { url: receiver.url, headers: {}, labels: {}, repeat_interval: '1h', timeout: '5s' },
    }[type]!;
    const api = await outputsOf(t, world, [{ type, options }]);
    const shown = (): ShownOutput => api.outputs.states()[0]!;
    let isIll = false;
    const flap = setInterval(() => {
      isIll = !isIll;
      for (const backend of ['a', 'b'])
        api.changes(world.turn('web', backend, isIll ? 'unhealthy' : 'healthy', isIll ? 'connect_refused' : 'ok'));
    }, 10);
    t.teardown(() => clearInterval(flap));
    const delivered = (): number => Number(shown().state.details['delivered_events'] ?? shown().state.details['posted_alerts']);
    await eventually('three deliveries', () => {
      if (delivered() > 0) t.match(shown().state, { state: 'ok', problem: undefined }, `${delivered()} delivered`);
      return shown().state.successes >= 3;
    });
    t.ok(delivered() >= 3);
    t.ok(shown().state.lastSuccessAt !== undefined);
  });
}

/** The agent-check of a real HAProxy; verdicts are written by hand. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { haproxyAgent } from '#vitald/front/outputs/haproxy-agent/kind.js';
import { temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { FrontWorld } from '../support/front-world.js';
import { Haproxy } from '../support/haproxy.js';
import { missingTools } from '../support/lab/requirements.js';
import { runOutput } from '../support/output-world.js';
import { Stopwatch } from '../support/stopwatch.js';

const missing = missingTools(['haproxy']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`1 test of agent-check with HAProxy is skipped: ${missing}`);

t.test('HAProxy asks the agent, and follows within its interval', { skip }, async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const running = runOutput(t, world, haproxyAgent, { listen: '127.0.0.1:0' });
  const { output } = running;
  const port = await eventually('the agent to listen', () => (output.state().details['port'] as number | null) ?? undefined);
  const intervalMs = 300;
  const agent = (name: string): string =>
    `    server ${name} 127.0.0.1:9 weight 100 agent-check agent-addr 127.0.0.1 agent-port ${port} agent-inter ${intervalMs}ms agent-send "web/${name}\\n"`;
  const haproxy = new Haproxy(t, temporaryFolder(t));
  await haproxy.start(`backend web\n${['a', 'b', 'nobody'].map(agent).join('\n')}`);

  const tookMs = async (to: 'healthy' | 'unhealthy'): Promise<number> => {
    running.post(world.turn('web', 'a', to, to === 'healthy' ? 'ok' : 'connect_refused'));
    const before = performance.now();
    await haproxy.serverWhen('web', 'a', ({ isUsed }) => isUsed === (to === 'healthy'));
    return performance.now() - before;
  };
  await haproxy.serverWhen('web', 'b', ({ agent }) => agent === '' && Number(output.state().successes) > 2);
  t.match(await haproxy.server('web', 'b'), { isUsed: true }, 'no verdict: as it was');
  const watch = await Stopwatch.start();
  const times = [await tookMs('unhealthy'), await tookMs('healthy'), await tookMs('unhealthy'), await tookMs('healthy')];
  t.ok(
    Math.min(...times) < watch.scaled(intervalMs + 50),
    `within its interval: ${times.map(Math.round).join(' ')} ms in ${String(watch)}`,
  );
  t.ok(Math.max(...times) < watch.scaled(3 * intervalMs + 1000));

  running.post(world.turn('web', 'a', 'unhealthy', 'connect_refused'));
  t.match(await haproxy.serverWhen('web', 'a', ({ status }) => status.startsWith('DOWN')), { agent: /down \(connect_refused\)/ });
  const { slot } = world.row('web', 'a');
  world.table.recordRouting(slot, false, 'maintenance');
  await haproxy.serverWhen('web', 'a', ({ status }) => status === 'MAINT');
  world.table.recordRouting(slot, true, 'healthy');
  world.table.recordWeight(slot, 5);
  await haproxy.serverWhen('web', 'a', ({ isUsed, weight }) => isUsed && weight === 50);
  t.match(await haproxy.server('web', 'nobody'), { isUsed: true, weight: 100 }, 'a name that vitald does not know stays as it was');

  await output.close();
  const { slot: other } = world.row('web', 'b');
  world.table.recordRouting(other, false, 'maintenance');
  const missed = connect(port, '127.0.0.1');
  const [error] = (await once(missed, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNREFUSED');
  t.match(await haproxy.server('web', 'a'), { isUsed: true, weight: 50 }, 'without the agent all stays as it was');
});

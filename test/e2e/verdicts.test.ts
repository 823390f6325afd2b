import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder, type Backend, type Status } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { tcpServer, type TcpServer } from '../support/loopback.js';
import { ownAddress } from '../support/own-address.js';
import { Stopwatch } from '../support/stopwatch.js';

/** A tick: the timers of the engine have a resolution of 1 ms, and fire in the tick that follows their time. */
const tickMs = 1;
/** Turns of the event loop between a timer and the time that the API shows, in whole milliseconds, on an idle machine. */
const turnsMs = 10;

const address = ownAddress;

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** One backend that is there when the daemon starts; `restart` brings it back on its port. */
async function backend(t: Test): Promise<{ port: number; kill(): Promise<void>; restart(): Promise<void> }> {
  let server: TcpServer | undefined = await tcpServer(address, (stream) => stream.end(answer));
  const { port } = server;
  const kill = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  t.teardown(kill);
  const restart = async (): Promise<void> => {
    server = await tcpServer(address, (stream) => stream.end(answer), port);
  };
  return { port, kill, restart };
}

const ms = (time: string): number => Date.parse(time);

/** As a control plane polls: asks again from the last revision, and keeps what it was told. */
async function follow(daemon: RunningDaemon, id: string, state: Backend['state']): Promise<Backend> {
  let status: Status = await daemon.status();
  return eventually(`${id} to be ${state}`, async () => {
    const found = status.backends.find((one) => one.backend === id && one.state === state);
    if (found === undefined) status = await daemon.status(`?since=${status.revision}&wait=5s`);
    return found;
  });
}

interface Case {
  readonly pace: 'fixed_rate' | 'after_completion';
  readonly type: 'tcp' | 'http';
}

const roundingMs = 2;
const interval = 500;
const threshold = 3;

for (const { pace, type } of [
  { pace: 'fixed_rate', type: 'tcp' },
  { pace: 'after_completion', type: 'http' },
] satisfies Case[]) {
  t.test(`${type}, ${pace}: the verdict comes ${threshold} intervals after the last probe that said otherwise, to the tick`, async (t) => {
    const app = await backend(t);
    const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
      config: `
server: { listen: 127.0.0.1:0, state_dir: none }
listeners:
  - name: web
    protocol: ${type}
    check: { interval: ${interval}ms, timeout: 400ms, healthy_threshold: ${threshold}, unhealthy_threshold: ${threshold}, pace: ${pace} }
    backends: [ { address: ${address}, port: ${app.port}, name: app } ]
`,
    });
    t.match(await follow(daemon, 'app', 'healthy'), { routable: true, routable_because: 'healthy' });

    const dying = await Stopwatch.start();
    const delaysBefore = await startDelays(daemon);
    await nextProbe(daemon);
    await app.kill();
    const dead = await follow(daemon, 'app', 'unhealthy');
    t.match(dead, { routable: false, routable_because: 'unhealthy', last_probe: { reason: 'connect_refused' } });
    await verdictTimes(t, daemon, { before: 'pass', to: 'unhealthy', delaysBefore, watch: dying });

    const coming = await Stopwatch.start();
    const delaysDown = await startDelays(daemon);
    await nextProbe(daemon);
    await app.restart();
    await follow(daemon, 'app', 'healthy');
    await verdictTimes(t, daemon, { before: 'fail', to: 'healthy', delaysBefore: delaysDown, watch: coming });
    const transitions = await daemon.logged(({ to }) => to !== undefined, 3);
    t.match(transitions, [
      { to: 'healthy' },
      { to: 'unhealthy', reason: 'connect_refused', run_length: threshold },
      { to: 'healthy', run_length: threshold },
    ]);
    t.equal(transitions.length, 3, 'one line for each transition');
  });
}

/** Waits for one more probe, so that the last one before a change is later than what was read before. */
async function nextProbe(daemon: RunningDaemon): Promise<void> {
  const { run } = await daemon.backend('web', 'app');
  await daemon.backendWhen('web', 'app', (now) => now.run!.length > run!.length);
}

interface Expected {
  /** Outcome of the probes before the change. */
  readonly before: 'pass' | 'fail';
  readonly to: Backend['state'];
  readonly delaysBefore: StartDelays;
  /** Started before the last probe of the other outcome. */
  readonly watch: Stopwatch;
}

/** Holds the newest transition against the last probe of the other outcome. */
async function verdictTimes(t: Test, daemon: RunningDaemon, { before, to, delaysBefore, watch }: Expected): Promise<void> {
  const { recent_probes, transitions } = await daemon.backend('web', 'app');
  t.equal(transitions[0]!.to, to);
  const verdictAt = ms(transitions[0]!.at);
  const lastOther = recent_probes.find(({ outcome, at }) => outcome === before && ms(at) < verdictAt)!;
  const tookMs = verdictAt - ms(lastOther.at);
  const computedMs = threshold * interval;
  const since = recent_probes.filter(({ at }) => ms(at) >= ms(lastOther.at) && ms(at) <= verdictAt);
  const answersMs = since.reduce((sum, { rtt_seconds }) => sum + (rtt_seconds ?? 0) * 1000, 0);
  // On a machine with other work probes start late, and the daemon says by how much; so are its other turns, and answers.
  const lateMs = threshold * longestDelayMs(delaysBefore, await startDelays(daemon)) + answersMs + watch.scaled(turnsMs);
  const tolerance = threshold * tickMs + lateMs;
  t.comment(`${to}: computed ${computedMs} ms, took ${tookMs} ms, tolerance ${tolerance.toFixed(1)} ms; ${String(watch)}`);
  t.ok(Math.abs(tookMs - computedMs) <= tolerance, 'at the computed time');
}

/** How many probes started at most so late, by the bounds of the histogram's buckets in seconds. */
type StartDelays = ReadonlyMap<number, number>;

async function startDelays(daemon: RunningDaemon): Promise<StartDelays> {
  const bucket = /^vitald_probe_start_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;
  const buckets = [...(await daemon.text('/metrics')).matchAll(bucket)];
  return new Map(buckets.map(([, bound, count]) => [bound === '+Inf' ? Infinity : Number(bound), Number(count)]));
}

/** The bound of the bucket that the latest start between two looks fell into. */
function longestDelayMs(before: StartDelays, after: StartDelays): number {
  const started = (bound: number): number => after.get(bound)! - before.get(bound)!;
  return [...after.keys()].find((bound) => started(bound) === started(Infinity))! * 1000;
}

t.test('a backend that falls silent fails each probe after the timeout, and is unhealthy after so many', async (t) => {
  let silent = false;
  const app = await tcpServer(address, (stream) => void (silent || stream.end(answer)));
  t.teardown(() => app.close());
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), {
    config: `
server: { listen: 127.0.0.1:0, state_dir: none }
listeners:
  - name: web
    protocol: http
    check: { interval: 500ms, timeout: 300ms, healthy_threshold: 2, unhealthy_threshold: 2, pace: after_completion }
    backends: [ { address: ${address}, port: ${app.port}, name: app } ]
`,
  });
  await follow(daemon, 'app', 'healthy');
  silent = true;
  t.match(await follow(daemon, 'app', 'unhealthy'), { last_probe: { reason: 'response_timeout' } });
  const { recent_probes } = await daemon.backend('web', 'app');
  const [second, first] = recent_probes.filter(({ reason }) => reason === 'response_timeout').slice(-2);
  const apartMs = ms(second!.at) - ms(first!.at);
  t.comment(`${apartMs} ms from the end of one probe to that of the next`);
  t.ok(apartMs >= 500 + 300 - roundingMs, 'an interval and a timeout');
});

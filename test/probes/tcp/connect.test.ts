import { once } from 'node:events';
import t from 'tap';
import { ConnectProbe } from '#vitald/probes/tcp/connect.js';
import { eventually } from '../../support/eventually.js';
import { closedTcpPort, tcpServer } from '../../support/loopback.js';
import { ManualContext } from '../../support/manual-context.js';
import { runProbe, targetOf, TimerContext } from '../../support/run-probe.js';
import { serve } from '../../support/servers/server.js';
import { attemptsTo, silentTcpPort, sourcesOfAttempts } from '../../support/silent-port.js';
import { Stopwatch } from '../../support/stopwatch.js';

function create(): { context: TimerContext; probe: ConnectProbe } {
  const context = new TimerContext();
  return { context, probe: new ConnectProbe(context) };
}

for (const address of ['127.0.0.1', '::1']) {
  t.test(`on ${address} a connection is a pass, and is reset at once`, async (t) => {
    const { context, probe } = create();
    const seen: string[] = [];
    let closed: Promise<unknown> | undefined;
    const server = await tcpServer(address, (stream) => {
      stream.on('error', (error: NodeJS.ErrnoException) => seen.push(String(error.code)));
      stream.on('end', () => seen.push('end'));
      stream.on('data', () => seen.push('data'));
      closed = new Promise((resolve) => stream.on('close', resolve));
      stream.resume();
    });
    t.teardown(() => server.close());
    const accepted = once(server.server, 'connection');
    const result = await runProbe(context, probe, { address, port: server.port, timeoutMs: 5000 });
    t.match(result, { reason: 'ok', detail: '' });
    t.ok(result.rttMs >= 0 && result.rttMs <= result.tookMs, `${result.rttMs} of ${result.tookMs} ms`);
    await accepted;
    await closed;
    t.same(seen, ['ECONNRESET'], 'no data, no FIN: nothing is left in TIME_WAIT');
  });

  t.test(`on ${address} a closed port is a failure at once`, async (t) => {
    const { context, probe } = create();
    const port = await closedTcpPort(address);
    const timeoutMs = 100_000;
    const result = await runProbe(context, probe, { address, port, timeoutMs });
    t.equal(result.reason, 'connect_refused');
    t.ok(result.tookMs < timeoutMs / 2, `${result.tookMs} ms`);
  });
}

t.test('silence ends at the deadline', async (t) => {
  const { context, probe } = create();
  const silent = await silentTcpPort();
  t.teardown(() => silent.close());
  const watch = await Stopwatch.start();
  const result = await runProbe(context, probe, { port: silent.port, timeoutMs: 60 });
  t.match(result, { reason: 'connect_timeout', rttMs: NaN });
  t.ok(result.tookMs >= 58, `${result.tookMs} ms`);
  t.ok(watch.isWithin(500), String(watch));
});

t.test('an attempt that met silence is given up with its probe', async (t) => {
  const { context, probe } = create();
  const silent = await silentTcpPort();
  t.teardown(() => silent.close());
  await runProbe(context, probe, { port: silent.port, timeoutMs: 60 });
  await eventually('no attempt to be left', () => attemptsTo(silent.port).length === 0);
});

t.test('probes leave from the configured source', async (t) => {
  const { context, probe } = create();
  const silent = await silentTcpPort();
  t.teardown(() => silent.close());
  const target = targetOf(probe, { port: silent.port, timeoutMs: 60_000, source: '127.0.0.77' });
  probe.start(target, context.now() + 60_000, () => t.fail('silent'));
  t.same(await sourcesOfAttempts(silent.port), ['127.0.0.77']);
  probe.close();
});

t.test('a source that this machine does not have is the checker’s fault', async (t) => {
  const { context, probe } = create();
  const result = await runProbe(context, probe, { port: 9, timeoutMs: 5000, source: '192.0.2.1' });
  t.match(result, { reason: 'checker_source_missing' });
});

t.test('a canceled probe is silent and holds nothing', async (t) => {
  const { context, probe } = create();
  const server = await tcpServer('127.0.0.1');
  t.teardown(() => server.close());
  const target = targetOf(probe, { port: server.port, timeoutMs: 5000 });
  probe.start(target, context.now() + 5000, () => t.fail('canceled'));
  probe.cancel(target);
  probe.cancel(target);
  t.equal(context.armed, 0);
  t.match(await runProbe(context, probe, { port: server.port, timeoutMs: 5000 }), { reason: 'ok' }, 'the slot is free again');
  probe.start(target, context.now() + 5000, () => t.fail('closed'));
  probe.close();
  t.equal(context.armed, 0);
});

t.test('within a short timeout a second attempt is made at half time, and can pass', async (t) => {
  const context = new ManualContext();
  const probe = new ConnectProbe(context);
  const silent = await silentTcpPort();
  t.teardown(() => silent.close());
  const target = targetOf(probe, { port: silent.port, timeoutMs: 1000 });
  const end = new Promise<string>((resolve) => probe.start(target, 1000, (_target, reason) => resolve(reason)));
  await sourcesOfAttempts(silent.port);
  // Room in the queue now that the first SYN was dropped: the kernel itself would repeat it only after a second.
  silent.makeRoom();
  context.advance();
  t.equal(context.nowMs, 500);
  probe.onTimer(target, context.nowMs);
  t.equal(await end, 'ok');
  t.equal(context.dueMs, undefined);
});

t.test('a backend that floods the connection as soon as it accepts is not read', async (t) => {
  const piece = Buffer.alloc(16 * 1024);
  const server = await serve((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
  });
  const context = new TimerContext();
  const probe = new ConnectProbe(context);
  t.teardown(async () => {
    probe.close();
    await server.close();
  });
  t.match(await runProbe(context, probe, { port: server.port, timeoutMs: 10_000 }), { reason: 'ok' });
  await eventually('the end of the connection', () => server.open === 0 && server.accepted === 1);
  // What the kernels of both sides buffer, and no more.
  t.ok(server.bytesSent < 16 * 1024 * 1024, `the backend got rid of ${server.bytesSent} bytes`);
});

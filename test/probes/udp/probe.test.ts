import koffi from 'koffi';
import t from 'tap';
import type { Done, Probe, Target } from '#vitald/probes/probe.js';
import { addressKey } from '#vitald/probes/raw/addresses.js';
import { datagramSockets } from '#vitald/probes/raw/sockets.js';
import { UdpProbe, type UdpProbeOptions } from '#vitald/probes/udp/probe.js';
import { survived } from '../../support/checker-faults.js';
import { closedUdpPort, udpServer, type UdpServer } from '../../support/loopback.js';
import { ManualContext } from '../../support/manual-context.js';
import { runProbe, targetOf, TimerContext } from '../../support/run-probe.js';

function create(options: UdpProbeOptions = {}): { context: TimerContext; probe: UdpProbe } {
  const context = new TimerContext();
  return { context, probe: new UdpProbe(context, options) };
}

/** A probe of 90 ms against a server that does not answer, on a clock of its own: three datagrams, then the deadline. */
async function probeSilence(
  server: UdpServer,
  address: string,
  options = {},
): Promise<{ reason: string; rttMs: number; sentAt: number[] }> {
  const context = new ManualContext();
  const probe = new UdpProbe(context);
  const target = targetOf(probe, { address, port: server.port, timeoutMs: 90, options });
  const sentAt: number[] = [];
  const ends: { reason: string; rttMs: number }[] = [];
  probe.start(target, 90, (_target, reason, rttMs) => ends.push({ reason, rttMs }));
  for (let datagram = 1; datagram <= 3; datagram++) {
    await server.receivedAtLeast(datagram);
    sentAt.push(context.nowMs);
    if (ends.length > 0) throw new Error('ended before the deadline');
    context.advance();
    probe.onTimer(target, context.nowMs);
  }
  if (context.nowMs !== 90 || context.dueMs !== undefined || ends.length !== 1) throw new Error('did not end at the deadline');
  return { ...ends[0]!, sentAt };
}

for (const address of ['127.0.0.1', '::1']) {
  t.test(`on ${address}, without an expected answer`, async (t) => {
    const { context, probe } = create();

    t.test('silence for the whole timeout is a pass, and the datagram is sent three times', async (t) => {
      const silent = await udpServer(address);
      t.teardown(() => silent.close());
      const { reason, rttMs, sentAt } = await probeSilence(silent, address);
      t.equal(reason, 'ok');
      t.ok(Number.isNaN(rttMs), 'there was no answer to measure');
      t.same(sentAt, [0, 30, 60]);
      t.same(silent.received, [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)], 'empty datagrams by default');
    });

    t.test('any answer is a pass at once', async (t) => {
      const echo = await udpServer(address, (socket, message, from) => socket.send(message, from.port, from.address));
      t.teardown(() => echo.close());
      const result = await runProbe(context, probe, { address, port: echo.port, timeoutMs: 5000 });
      t.match(result, { reason: 'ok', rttMs: Number });
      t.ok(result.rttMs < 2500 && result.tookMs < 2500, `took ${result.tookMs} ms`);
    });

    t.test('a closed port is a failure at once', async (t) => {
      const port = await closedUdpPort(address);
      const result = await runProbe(context, probe, { address, port, timeoutMs: 5000 });
      t.equal(result.reason, 'port_unreachable');
      t.ok(result.tookMs < 2500, `took ${result.tookMs} ms`);
    });
    probe.close();
  });

  t.test(`on ${address}, with an expected answer`, async (t) => {
    const { context, probe } = create();
    const options = { udp: { send: 'text:ping', expect: 'text:pong' } };

    t.test('an answer that begins with it is a pass', async (t) => {
      const server = await udpServer(address, (socket, message, from) =>
        socket.send(String(message) === 'ping' ? 'pong 1.2.3' : 'what?', from.port, from.address),
      );
      t.teardown(() => server.close());
      t.match(await runProbe(context, probe, { address, port: server.port, timeoutMs: 5000, options }), { reason: 'ok', detail: '' });
    });

    t.test('another answer is a failure at once, shown without control characters', async (t) => {
      const server = await udpServer(address, (socket, _message, from) => socket.send('\x1b[2Jbusy', from.port, from.address));
      t.teardown(() => server.close());
      const result = await runProbe(context, probe, { address, port: server.port, timeoutMs: 5000, options });
      t.equal(result.reason, 'reply_mismatch');
      t.equal(result.detail, String.raw`answer "\u001b[2Jbusy", expected one that begins with "pong"`);
    });

    t.test('a shorter answer is not the expected one', async (t) => {
      const server = await udpServer(address, (socket, _message, from) => socket.send('pon', from.port, from.address));
      t.teardown(() => server.close());
      t.match(await runProbe(context, probe, { address, port: server.port, timeoutMs: 5000, options }), { reason: 'reply_mismatch' });
    });

    t.test('silence is a failure', async (t) => {
      const silent = await udpServer(address);
      t.teardown(() => silent.close());
      t.match(await probeSilence(silent, address, options), { reason: 'reply_timeout', rttMs: NaN, sentAt: [0, 30, 60] });
    });

    t.test('an answer to the second datagram is a pass: one lost datagram is not a failed probe', async (t) => {
      let count = 0;
      const lossy = await udpServer(address, (socket, _message, from) => {
        if (++count === 2) socket.send('pong', from.port, from.address);
      });
      t.teardown(() => lossy.close());
      const result = await runProbe(context, probe, { address, port: lossy.port, timeoutMs: 600, options });
      t.equal(result.reason, 'ok');
      t.ok(result.rttMs >= 180 && result.rttMs < 600, `the time counts from the first datagram: ${result.rttMs} ms`);
    });
    probe.close();
  });
}

t.test('an answer from another port than the one that was asked changes nothing', async (t) => {
  const stranger = await udpServer('127.0.0.1');
  const silent = await udpServer('127.0.0.1', (_socket, _message, from) => stranger.socket.send('pong', from.port, from.address));
  t.teardown(() => Promise.all([stranger.close(), silent.close()]));
  t.match(await probeSilence(silent, '127.0.0.1', { udp: { send: 'text:ping', expect: 'text:pong' } }), { reason: 'reply_timeout' });
});

t.test('each probe leaves from another port', async (t) => {
  const { context, probe } = create();
  const ports = new Set<number>();
  const echo = await udpServer('127.0.0.1', (socket, message, from) => {
    ports.add(from.port);
    socket.send(message, from.port, from.address);
  });
  t.teardown(() => echo.close());
  for (let i = 0; i < 20; i++) await runProbe(context, probe, { port: echo.port, timeoutMs: 5000 });
  t.ok(ports.size >= 18, `${ports.size} ports for 20 probes`);
});

t.test('a flood of answers ends the probe once', async (t) => {
  const { context, probe } = create();
  const flood = await udpServer('127.0.0.1', (socket, _message, from) => {
    for (let i = 0; i < 200; i++) socket.send(Buffer.alloc(1000, i), from.port, from.address);
  });
  t.teardown(() => flood.close());
  t.match(await runProbe(context, probe, { port: flood.port, timeoutMs: 5000 }), { reason: 'ok' });
});

t.test('probes leave from the configured source', async (t) => {
  const { context, probe } = create();
  const echo = await udpServer('127.0.0.1', (socket, _message, from) => socket.send(from.address, from.port, from.address));
  t.teardown(() => echo.close());
  const options = { udp: { expect: 'text:127.0.0.77' } };
  t.match(await runProbe(context, probe, { port: echo.port, timeoutMs: 5000, source: '127.0.0.77', options }), { reason: 'ok' });
});

t.test('a source that this machine does not have is the checker’s fault', async (t) => {
  const { context, probe } = create();
  // TEST-NET-1 (RFC 5737): nobody has it; nothing is sent, for the socket cannot be bound.
  const result = await runProbe(context, probe, { port: 9, timeoutMs: 5000, source: '192.0.2.1' });
  t.match(result, { reason: 'checker_source_missing', detail: /EADDRNOTAVAIL/ });
});

t.test('beyond the limit of probes in flight a probe says nothing of its backend', async (t) => {
  const { context, probe } = create({ maxInFlight: 1 });
  const silent = await udpServer('127.0.0.1');
  t.teardown(() => silent.close());
  probe.start(targetOf(probe, { port: silent.port, timeoutMs: 5000, slot: 7 }), context.now() + 5000, () => t.fail('canceled'));
  const result = await runProbe(new TimerContext(), probe, { port: silent.port, timeoutMs: 5000, slot: 8 });
  t.match(result, { reason: 'checker_resources', detail: '1 UDP probes are in flight already' });
  probe.close();
  t.equal(context.armed, 0, 'close frees the timer');
  survived(t, 'too-many-in-flight');
});

t.test('a canceled probe is silent and holds nothing', async (t) => {
  const { context, probe } = create();
  const echo = await udpServer('127.0.0.1', (socket, message, from) => socket.send(message, from.port, from.address));
  t.teardown(() => echo.close());
  const target = targetOf(probe, { port: echo.port, timeoutMs: 5000 });
  probe.start(target, context.now() + 5000, () => t.fail('canceled'));
  probe.cancel(target);
  t.equal(context.armed, 0);
  probe.cancel(target);
  t.match(await runProbe(context, probe, { port: echo.port, timeoutMs: 5000 }), { reason: 'ok' }, 'the slot is free again');
});

t.test('silence that nobody listened to is not a pass', async (t) => {
  const { context, probe } = create();
  const port = await closedUdpPort('127.0.0.1');
  const target = targetOf(probe, { port, timeoutMs: 50 });
  const held = new Promise<string>((resolve) => {
    const done: Done = (_target, reason) => resolve(reason);
    context.onTimer = (_slot, readToMs) => probe.onTimer(target, readToMs);
    probe.start(target, context.now() + 50, done);
    // The datagram leaves before the next turn; then the process hangs until after the deadline, as under overload.
    setImmediate(() => {
      const until = performance.now() + 80;
      while (performance.now() < until);
    });
  });
  // Either the kernel's error was read first, or nothing was: a pass would be wrong.
  t.ok(['port_unreachable', 'checker_late'].includes(await held), await held);
  survived(t, 'turn-held-up');
});

t.test('a repeat that is late by more than the timeout ends as the checker’s lateness', async (t) => {
  const context = new ManualContext();
  const probe = new UdpProbe(context);
  const silent = await udpServer('127.0.0.1');
  t.teardown(() => silent.close());
  const target = targetOf(probe, { port: silent.port, timeoutMs: 100 });
  const reasons: string[] = [];
  probe.start(target, 100, (_target, reason) => reasons.push(reason));
  await silent.receivedAtLeast(1);
  context.nowMs = 150;
  probe.onTimer(target, 150);
  t.same(reasons, ['checker_late']);
});

t.test('the error queue tells who sent an ICMP error', async (t) => {
  const sockets = datagramSockets();
  if (sockets === undefined) {
    t.comment('koffi does not work on this machine');
    return;
  }
  for (const address of ['127.0.0.1', '::1']) {
    const { context, probe } = create({ sockets });
    const heard: unknown[] = [];
    context.icmp.heard = (...what) => heard.push(what.slice(1));
    const port = await closedUdpPort(address);
    t.match(await runProbe(context, probe, { address, port, timeoutMs: 5000 }), { reason: 'port_unreachable' });
    t.match(heard, [['port_unreachable', /port unreachable/, addressKey(address)]]);
  }
});

t.test('an interface needs a way to bind to it', async (t) => {
  const { probe } = create();
  const compiled = probe.compile({ timeoutMs: 100, source: undefined, interface: 'lo', options: {} });
  t.match(probe.ready(compiled), { method: 'datagram', error: /cannot be bound to a network interface/ });
  t.same(probe.ready(probe.compile({ timeoutMs: 100, source: undefined, interface: undefined, options: {} })), { method: 'datagram' });
});

t.test('probes leave by a descriptor that is bound to the interface', async (t) => {
  const libc = koffi.load('libc.so.6');
  const openSocket = libc.func('int socket(int domain, int type, int protocol)') as (...args: number[]) => number;
  const asked: unknown[] = [];
  const open = (...args: unknown[]): number => {
    asked.push(args);
    return openSocket(2, 2, 0);
  };
  const { context, probe } = create({ sockets: { open, icmpError: () => undefined } });
  const echo = await udpServer('127.0.0.1', (socket, message, from) => socket.send(message, from.port, from.address));
  t.teardown(() => echo.close());
  t.match(await runProbe(context, probe, { port: echo.port, timeoutMs: 5000, interface: 'lo' }), { reason: 'ok' });
  t.same(asked, [[4, undefined, 'lo']]);
});

t.test('an interface that cannot be opened is the checker’s fault', async (t) => {
  const open = (): number => {
    throw Object.assign(new Error('setsockopt EPERM'), { code: 'EPERM', syscall: 'setsockopt' });
  };
  const { context, probe } = create({ sockets: { open, icmpError: () => undefined } });
  t.match(await runProbe(context, probe, { port: 9, timeoutMs: 5000, interface: 'lo' }), { reason: 'checker_permission' });
  survived(t, 'interface-not-bound');
});

/** A ping probe whose answer the test gives. */
class FakePing implements Probe<string> {
  started: { target: Target<string>; timeoutMs: number; done: Done } | undefined;
  readonly calls: string[] = [];

  constructor(readonly context: TimerContext) {}
  compile = (settings: { timeoutMs: number }) => `ping ${settings.timeoutMs} ms`;
  ready = () => ({ method: 'echo', warning: 'slow today' });
  start(target: Target<string>, deadlineMs: number, done: Done): void {
    this.started = { target, timeoutMs: deadlineMs - this.context.now(), done };
    this.context.arm(target.slot, deadlineMs);
  }
  onTimer(target: Target<string>): void {
    this.calls.push('onTimer');
    this.started!.done(target, 'ping_timeout', NaN, 'no echo');
  }
  cancel(): void {
    this.calls.push('cancel');
  }
  close(): void {
    this.calls.push('close');
  }
}

t.test('with ping first', async (t) => {
  const context = new TimerContext();
  const ping = new FakePing(context);
  const probe = new UdpProbe(context, { ping });
  const options = { udp: { ping_first: true } };

  t.test('the echo comes first, has the whole timeout, and its success leads to the datagram', async (t) => {
    const echo = await udpServer('127.0.0.1', (socket, message, from) => socket.send(message, from.port, from.address));
    t.teardown(() => echo.close());
    const result = runProbe(context, probe, { port: echo.port, timeoutMs: 5000, options });
    const { target, timeoutMs, done } = ping.started!;
    t.equal(target.compiled, 'ping 5000 ms');
    t.ok(timeoutMs > 4900 && timeoutMs <= 5001, `${timeoutMs} ms`);
    t.equal(echo.received.length, 0);
    done(target, 'ok', 1, '');
    t.match(await result, { reason: 'ok' });
    t.equal(echo.received.length, 1);
  });

  t.test('a failed echo fails the probe with its own reason, and no datagram is sent', async (t) => {
    const server = await udpServer('127.0.0.1');
    t.teardown(() => server.close());
    const result = await runProbe(context, probe, { port: server.port, timeoutMs: 40, options });
    t.match(result, { reason: 'ping_timeout', detail: 'no echo' });
    t.same(ping.calls, ['onTimer'], 'the slot’s timer goes to the stage at work');
    t.equal(server.received.length, 0);
  });

  t.test('canceling cancels the echo, and its late end changes nothing', async (t) => {
    const target = targetOf(probe, { port: 9, timeoutMs: 5000, options });
    probe.start(target, context.now() + 5000, () => t.fail('canceled'));
    probe.cancel(target);
    t.match(ping.calls, ['onTimer', 'cancel']);
    ping.started!.done(ping.started!.target, 'ok', 1, '');
    t.equal(context.armed, 0);
  });

  t.test('readiness is that of ping', async (t) => {
    const compiled = probe.compile({ timeoutMs: 100, source: undefined, interface: undefined, options });
    t.same(probe.ready(compiled), { method: 'datagram', warning: 'slow today' });
    t.match(new UdpProbe(context).ready(compiled), { error: /`udp.ping_first` needs ping/ });
    ping.ready = () => ({ method: 'echo', warning: '', error: 'CAP_NET_RAW is missing' });
    t.match(probe.ready(compiled), { error: '`udp.ping_first` needs ping: CAP_NET_RAW is missing' });
    probe.close();
    t.match(ping.calls.at(-1), 'close');
  });
});

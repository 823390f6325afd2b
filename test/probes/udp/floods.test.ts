/** What a hostile UDP service or network sends costs a probe a bounded number of packets. */
import t from 'tap';
import type { UdpCompiled } from '#vitald/probes/udp/flight.js';
import { UdpProbe } from '#vitald/probes/udp/probe.js';
import type { OpenUdpSocket, UdpSocketEvents } from '#vitald/probes/udp/socket.js';
import { SimulatedProbe, type Ending } from '../../support/simulated-probe.js';

const there = '10.0.0.1';
const flood = 1000;

/** A socket that hands a test its events, and hears nothing more once it is closed, as a real one. */
class HeardSocket {
  events: UdpSocketEvents | undefined;
  /** Packets that the process had to look at. */
  heard = 0;

  readonly open: OpenUdpSocket = (_settings, events) => {
    this.events = events;
    queueMicrotask(() => events.connected());
    return {
      send: () => undefined,
      isConnectedToItself: () => false,
      close: () => {
        if (this.events === events) this.events = undefined;
      },
    };
  };

  receive(packet: (events: UdpSocketEvents) => void): void {
    if (this.events === undefined) return;
    this.heard++;
    packet(this.events);
  }
}

const sockets = { open: () => 0, icmpError: () => undefined };
const answer = (events: UdpSocketEvents): void => events.answer(Buffer.from('x'));
const icmpError =
  (code: string, icmp?: { type: number; code: number }) =>
  (events: UdpSocketEvents): void =>
    events.failed(Object.assign(new Error(code), { code, syscall: 'recvmsg' }), icmp);

async function probing(): Promise<{ socket: HeardSocket; sim: SimulatedProbe<UdpCompiled>; endings: Ending[] }> {
  const socket = new HeardSocket();
  const sim = new SimulatedProbe((context) => new UdpProbe(context, { openSocket: socket.open, sockets }));
  // Behind a router, so that late errors are waited for.
  sim.network.hops.set(there, { isLocal: false, router: '0a0000fe', neighbor: 'other' });
  const endings = sim.start(sim.target(0, there, 53));
  await Promise.resolve();
  return { socket, sim, endings };
}

t.test('of a flood of answers, one is read', async (t) => {
  const { socket, endings } = await probing();
  for (let i = 0; i < flood; i++) socket.receive(answer);
  t.match(endings, [{ reason: 'ok' }]);
  t.equal(socket.heard, 1);
});

t.test('of a flood of answers after the probe, one is read', async (t) => {
  const { socket, sim, endings } = await probing();
  sim.clock.advance(3000);
  t.match(endings, [{ reason: 'ok' }], 'silence');
  t.ok(socket.events, 'late errors are waited for');
  for (let i = 0; i < flood; i++) socket.receive(answer);
  t.equal(socket.heard, 1);
});

t.test('of a flood of ICMP errors after the probe, few are read', async (t) => {
  const { socket, sim } = await probing();
  sim.clock.advance(3000);
  for (let i = 0; i < flood; i++) socket.receive(icmpError('EHOSTUNREACH', { type: 3, code: 1 }));
  t.ok(socket.heard >= 3, 'each of the three datagrams may cause one');
  t.ok(socket.heard < 20, `${socket.heard}`);
});

t.test('of a flood of ICMP errors that end no probe, few are read', async (t) => {
  const { socket, endings } = await probing();
  socket.receive(icmpError('EMSGSIZE', { type: 3, code: 4 }));
  t.same(endings, [], 'one changes nothing');
  for (let i = 0; i < flood; i++) socket.receive(icmpError('EMSGSIZE', { type: 3, code: 4 }));
  t.match(endings, [{ reason: 'host_unreachable', detail: /without end/ }]);
  t.ok(socket.heard < 20, `${socket.heard}`);
});

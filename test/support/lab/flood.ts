/** A lot of unrelated TCP traffic within one namespace. */
import { readFileSync } from 'node:fs';
import { openRawChannel } from '#vitald/probes/raw/channel.js';
import { ipv4Number } from '#vitald/probes/raw/addresses.js';
import { protocol } from '#vitald/probes/raw/numbers.js';
import { synBytes, synTemplate, writeChecksum4, writeSyn } from '#vitald/probes/tcp/syn-packet.js';
import type { Flood, Flooded } from './agent-messages.js';

const address = '127.0.0.1';
const recipient = { address, number: ipv4Number(address), bytes: undefined };
/** Nobody listens there: the kernel answers each SYN with RST, so that every packet sent is two segments received. */
const closedPort = 1;
/** Sent from below the ports that the system gives out, where probes do not leave from either. */
const sourcePorts = { first: 10_000, count: 10_000 };
const packetsPerTurn = 2000;
const longestMs = 30_000;
/** For the kernel: pass nothing to this socket (classic BPF, `ret #0`). */
const rejectAll = Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]);

/** TCP segments that this namespace has received (RFC 4022, tcpInSegs). */
function segmentsReceived(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('InSegs')]);
}

/** Sends SYNs to a closed port of this namespace for so long, and until so many segments have been received. */
export async function flood({ segments, forMs }: Flood): Promise<Flooded> {
  const channel = openRawChannel(
    { family: 4, protocol: protocol.tcp, filter: rejectAll, packetBytes: synBytes, source: undefined, interface: undefined },
    () => undefined,
    () => undefined,
  );
  const before = segmentsReceived();
  const startedAt = performance.now();
  let tookMs = 0;
  while ((segmentsReceived() - before < segments || tookMs < forMs) && tookMs < longestMs) {
    sendSyns((packet) => channel.send(packet, recipient, 0));
    await new Promise((resolve) => setImmediate(resolve));
    tookMs = performance.now() - startedAt;
  }
  const received = segmentsReceived() - before;
  channel.close();
  return { segments: received, tookMs };
}

function sendSyns(send: (packet: Buffer) => void): void {
  const packet = synTemplate();
  const ip = ipv4Number(address);
  for (let sequence = 0; sequence < packetsPerTurn; sequence++) {
    const sourcePort = sourcePorts.first + (sequence % sourcePorts.count);
    writeSyn(packet, sourcePort, closedPort, sequence);
    writeChecksum4(packet, ip, ip, sourcePort, closedPort, sequence);
    send(packet);
  }
}

/** A lot of unrelated TCP traffic, by one local stream. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Flood, Flooded } from './agent-messages.js';

const chunk = Buffer.alloc(64 * 1024);

/** TCP segments that this namespace has received (RFC 4022, tcpInSegs). */
export function segmentsReceived(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('InSegs')]);
}

/** Streams from this process to itself until so many segments have come in. */
export async function flood({ segments, withinMs }: Flood): Promise<Flooded> {
  const sink = createServer((stream) => stream.on('error', () => undefined).resume());
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const source = connect((sink.address() as AddressInfo).port, '127.0.0.1');
  await once(source, 'connect');
  source.on('error', () => undefined);
  const before = segmentsReceived();
  const startedAt = performance.now();
  let tookMs = 0;
  while (segmentsReceived() - before < segments && tookMs < withinMs) {
    if (!source.write(chunk)) await once(source, 'drain');
    tookMs = performance.now() - startedAt;
  }
  const flowed = segmentsReceived() - before;
  source.destroy();
  sink.close();
  return { segments: flowed, tookMs };
}

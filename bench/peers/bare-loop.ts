/** The least that a half-open probe costs over raw-socket: packets out, packets in, nothing decided. */
import { openRawChannel } from '#vitald/probes/raw/channel.js';
import { ipv4Number } from '#vitald/probes/raw/addresses.js';
import { synReplyFilter } from '#vitald/probes/raw/filter.js';
import { protocol } from '#vitald/probes/raw/numbers.js';
import { synBytes, synTemplate, writeChecksum4, writeSyn } from '#vitald/probes/tcp/syn-packet.js';
import { loopbackAddresses } from '../support/addresses.js';

const [count, port, intervalMs] = process.argv.slice(2).map(Number);
const ports = { first: 61_000, last: 64_999 };
const addresses = loopbackAddresses(count!).map((text) => ({ text, number: ipv4Number(text) }));
const packet = synTemplate();
let received = 0;
const channel = openRawChannel(
  { family: 4, protocol: protocol.tcp, filter: synReplyFilter(4, ports), source: undefined, interface: undefined },
  () => received++,
);
let sent = 0;
let owed = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  owed += ((now - last) * addresses.length) / intervalMs!;
  last = now;
  for (; owed >= 1; owed--) {
    const { text, number } = addresses[sent % addresses.length]!;
    const sourcePort = ports.first + (sent % 4000);
    writeSyn(packet, sourcePort, port!, sent);
    // The kernel answers from the address that it was asked at: on loopback the source is the destination.
    writeChecksum4(packet, number, number, sourcePort, port!, sent);
    channel.send(packet, synBytes, text);
    sent++;
  }
}, 1);

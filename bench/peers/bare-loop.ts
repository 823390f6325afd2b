/** The least that a half-open probe costs over raw-socket: packets out, packets in, nothing decided. */
import { openRawChannel } from '#vitald/probes/raw/channel.js';
import { ipv4Number } from '#vitald/probes/raw/addresses.js';
import { synReplyFilter } from '#vitald/probes/raw/filter.js';
import { protocol } from '#vitald/probes/raw/numbers.js';
import { synBytes, synTemplate, writeChecksum4, writeSyn } from '#vitald/probes/tcp/syn-packet.js';
import { loopbackAddresses } from '../support/addresses.js';

const [count, port, intervalMs] = process.argv.slice(2).map(Number);
const ports = { first: 61_000, last: 64_999 };
const addresses = loopbackAddresses(count!).map((address) => ({ address, number: ipv4Number(address), bytes: undefined }));
const packet = synTemplate();
/** What the kernel sends from to any address of 127.0.0.0/8. */
const source = ipv4Number('127.0.0.1');
/** The pace of the daemon's own turns under this load: a wake-up costs more than a probe. */
const turnMs = 4;
let received = 0;
const channel = openRawChannel(
  { family: 4, protocol: protocol.tcp, filter: synReplyFilter(4, ports), packetBytes: synBytes, source: undefined, interface: undefined },
  () => received++,
  () => undefined,
);
let sent = 0;
let owed = 0;
let last = performance.now();

// A bare loop whose SYNs nobody answers would be too cheap a comparison.
setTimeout(() => {
  if (received < sent * 0.9) throw new Error(`${received} answers to ${sent} SYNs`);
}, 2000);

setInterval(() => {
  const now = performance.now();
  owed += ((now - last) * addresses.length) / intervalMs!;
  last = now;
  for (; owed >= 1; owed--) {
    const to = addresses[sent % addresses.length]!;
    const sourcePort = ports.first + (sent % 4000);
    writeSyn(packet, sourcePort, port!, sent);
    writeChecksum4(packet, source, to.number, sourcePort, port!, sent);
    channel.send(packet, to, sent);
    sent++;
  }
}, turnMs);

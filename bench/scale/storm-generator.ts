/** Sends SYNs to a closed port over loopback; the kernel answers each by RST, so that two segments are received for each. */
import { ipv4Number } from '#vitald/probes/raw/addresses.js';
import { openRawChannel } from '#vitald/probes/raw/channel.js';
import { synReplyFilter } from '#vitald/probes/raw/filter.js';
import { protocol } from '#vitald/probes/raw/numbers.js';
import { synBytes, synTemplate, writeChecksum4, writeSyn } from '#vitald/probes/tcp/syn-packet.js';

const synsPerSecond = Number(process.argv[2]) / 2;
/** Above what is asked, for the time that a busy machine takes away. */
const margin = 1.05;
const longestBurst = 2000;
const closedPort = 9;
const address = '127.0.0.1';
const ip = ipv4Number(address);
/** Apart from the ports of the daemon's probes. */
const ports = { first: 20_000, count: 10_000 };
/** The generator itself is not to hear of any of it: it listens to a port that nothing is sent to. */
const filter = synReplyFilter(4, { first: 19_999, last: 19_999 });
const recipient = { address, number: ip, bytes: undefined };
const channel = openRawChannel(
  { family: 4, protocol: protocol.tcp, filter, packetBytes: synBytes, source: undefined, interface: undefined },
  () => undefined,
  () => undefined,
);
const packet = synTemplate();
let sent = 0;
let owed = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  owed = Math.min(owed + ((now - last) * synsPerSecond * margin) / 1000, longestBurst);
  last = now;
  for (; owed >= 1; owed--) {
    const sourcePort = ports.first + (sent % ports.count);
    writeSyn(packet, sourcePort, closedPort, sent);
    writeChecksum4(packet, ip, ip, sourcePort, closedPort, sent);
    channel.send(packet, recipient, sent);
    sent++;
  }
}, 1);

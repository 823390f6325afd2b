/** Building a SYN, and reading what answers it. */
import { reply, synTemplate, writeChecksum4, writeSyn } from '#vitald/probes/tcp/syn-packet.js';
import type { Finding } from '../../report/measurement.js';
import { timing } from '../../support/timing.js';

const packets = 100_000;
const source = 0x7f000001;

export function synPacketBench(): Finding[] {
  const packet = synTemplate();
  let sum = 0;
  const findings = [
    timing('SYN: fill in a packet and its checksum', packets, () => {
      for (let secret = 1; secret <= packets; secret++) {
        const port = 61_000 + (secret % 4000);
        writeSyn(packet, port, 80, secret);
        writeChecksum4(packet, source, source + secret, port, 80, secret);
      }
    }),
    timing('SYN: read a reply', packets, () => {
      for (let i = 0; i < packets; i++) sum += reply.answersSequence(packet, 0) + reply.sourcePort(packet, 0) + reply.flags(packet, 0);
    }),
  ];
  if (sum === 0) throw new Error('nothing was read');
  return findings;
}

import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ipv4Number, ipv6Bytes } from '#vitald/probes/raw/addresses.js';
import { openRawChannel, type RawChannel, type Recipient, type SendFailure } from '#vitald/probes/raw/channel.js';
import { icmp4, icmp6, protocol } from '#vitald/probes/raw/numbers.js';
import { eventually } from '../../support/eventually.js';

const packetBytes = 16;
/** `ret #65535`: lets everything through. */
const acceptAll = Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0, 0]);

const v4 = (address: string): Recipient => ({ address, number: ipv4Number(address), bytes: undefined });
const v6 = (address: string): Recipient => ({ address, number: 0, bytes: ipv6Bytes(address) });

/** An echo request whose sequence number is `sequence`; the kernel of this machine answers it. */
function echoRequest(type: number, sequence: number): Buffer {
  const packet = Buffer.alloc(packetBytes);
  packet[0] = type;
  packet.writeUInt32BE(sequence, 4);
  let sum = 0;
  for (let i = 0; i < packetBytes; i += 2) sum += packet.readUInt16BE(i);
  packet.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 2);
  return packet;
}

interface World {
  readonly channel: RawChannel;
  /** Sequence numbers of the replies, with the sender's address in hexadecimal. */
  readonly replies: [sequence: number, source: string][];
  readonly unsent: [secret: number, why: SendFailure][];
}

function open(family: 4 | 6): World {
  const replies: World['replies'] = [];
  const unsent: World['unsent'] = [];
  const channel = openRawChannel(
    {
      family,
      protocol: family === 4 ? protocol.icmp : protocol.icmpv6,
      filter: acceptAll,
      icmpTypes: [family === 4 ? icmp4.echoReply : icmp6.echoReply],
      packetBytes,
      source: undefined,
      interface: undefined,
    },
    (packet, bytes, source) => {
      const at = family === 4 ? (packet[0]! & 15) * 4 : 0;
      if (bytes === at + packetBytes) replies.push([packet.readUInt32BE(at + 4), Buffer.from(source).toString('hex')]);
    },
    (secret, why) => unsent.push([secret, why]),
  );
  return { channel, replies, unsent };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const skip = process.getuid?.() === 0 ? false : 'raw sockets need root';

void t.test('more packets than a batch holds all leave, each to its own address', { skip }, async (t) => {
  const { channel, replies, unsent } = open(4);
  for (const i of range(200)) channel.send(echoRequest(icmp4.echoRequest, i), v4(`127.0.1.${String(i)}`), i);
  await eventually('the replies', () => (channel.drain(), replies.length >= 200));
  t.same(
    replies.sort(([a], [b]) => a - b),
    range(200).map((i) => [i, `7f0001${i.toString(16).padStart(2, '0')}`]),
  );
  t.same(unsent, []);
  channel.close();
});

void t.test('IPv6 packets leave in the same way, and answers tell who sent them', { skip }, async (t) => {
  const { channel, replies } = open(6);
  for (const i of range(70)) channel.send(echoRequest(icmp6.echoRequest, i), v6('::1'), i);
  await eventually('the replies', () => (channel.drain(), replies.length >= 70));
  t.same(
    replies.sort(([a], [b]) => a - b),
    range(70).map((i) => [i, `${'0'.repeat(31)}1`]),
  );
  channel.close();
});

void t.test('what is sent leaves when the turn ends, and answers are handed over, without anybody asking', { skip }, async (t) => {
  const { channel, replies } = open(4);
  channel.send(echoRequest(icmp4.echoRequest, 7), v4('127.0.0.1'), 7);
  await eventually('the replies', () => replies.length > 0);
  t.same(replies, [[7, '7f000001']]);
  channel.close();
});

void t.test('of packets that cannot leave exactly those are told, and the others leave', { skip }, async (t) => {
  const { channel, replies, unsent } = open(4);
  const bad = [0, 10, 11, 63, 64, 99];
  // The broadcast address of loopback, which needs no route to anywhere, takes a permission that this socket does not have.
  for (const i of range(100)) {
    channel.send(echoRequest(icmp4.echoRequest, i), v4(bad.includes(i) ? '127.255.255.255' : '127.0.0.1'), 1000 + i);
  }
  await eventually('the replies', () => (channel.drain(), replies.length >= 100 - bad.length));
  t.same(
    unsent,
    bad.map((i) => [1000 + i, 'prohibited']),
  );
  t.equal(new Set(replies.map(([sequence]) => sequence)).size, 100 - bad.length);
  channel.close();
});

void t.test('at most as many packets are read as were asked for', { skip }, async (t) => {
  const { channel, replies } = open(4);
  for (const i of range(100)) channel.send(echoRequest(icmp4.echoRequest, i), v4('127.0.0.1'), i);
  // On loopback all have answered as soon as they are sent.
  channel.drain(5);
  t.equal(replies.length, 5);
  channel.drain(70);
  t.equal(replies.length, 75);
  channel.close();
});

void t.test('a closed channel sends nothing, reads nothing, and says so', { skip }, async (t) => {
  const { channel, replies, unsent } = open(4);
  channel.send(echoRequest(icmp4.echoRequest, 1), v4('127.0.0.1'), 1);
  channel.close();
  channel.send(echoRequest(icmp4.echoRequest, 2), v4('127.0.0.1'), 2);
  channel.drain();
  await sleep(20);
  t.same(replies, []);
  t.same(unsent, [[2, 'failed']]);
});

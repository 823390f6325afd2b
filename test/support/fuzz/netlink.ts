/** Datagrams of rtnetlink: src/network/netlink-messages.ts. */
import fc, { type Arbitrary } from 'fast-check';
import { messageType, readMessages } from '#vitald/network/netlink-messages.js';
import { attack, must, type Attack } from './attack.js';
import { anyBytes, damaged, damages, hex } from './bytes.js';

interface Message {
  readonly type: number;
  readonly payload: Buffer;
  readonly attributes: readonly (readonly [type: number, value: Buffer])[];
}

const payloadBytes = [0, 1, 3, 4, 8, 12, 16, 20];

const message: Arbitrary<Message> = fc.record({
  type: fc.oneof(fc.constantFrom(...Object.values(messageType)), fc.integer({ min: 0, max: 65_535 })),
  payload: fc.oneof(
    anyBytes(24),
    fc.tuple(fc.constantFrom(...payloadBytes), fc.constantFrom(0, 2, 10, 255)).map(([length, fill]) => Buffer.alloc(length, fill)),
  ),
  attributes: fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 65_535 })), anyBytes(20)), {
    maxLength: 5,
  }),
});

const padded = (length: number): number => (length + 3) & ~3;

function bytesOf({ type, payload, attributes }: Message): Buffer {
  const all = attributes.map(([kind, value]) => {
    const bytes = Buffer.alloc(padded(4 + value.length));
    bytes.writeUInt16LE(4 + value.length, 0);
    bytes.writeUInt16LE(kind, 2);
    value.copy(bytes, 4);
    return bytes;
  });
  const bytes = Buffer.concat([Buffer.alloc(16), payload, ...all]);
  const whole = Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
  whole.writeUInt32LE(bytes.length, 0);
  whole.writeUInt16LE(type, 4);
  return whole;
}

const datagram = fc.oneof(
  fc.tuple(fc.array(message, { maxLength: 4 }), damages).map(([all, harm]) => damaged(Buffer.concat(all.map(bytesOf)), harm)),
  fc.array(message, { minLength: 1, maxLength: 4 }).map((all) => Buffer.concat(all.map(bytesOf))),
  anyBytes(120),
);

const smallestMessage = 16;

function check(datagram: Buffer): void {
  const messages = [...readMessages(datagram)];
  must(messages.length <= datagram.length / smallestMessage, `${messages.length} messages in ${datagram.length} bytes`);
  for (const message of messages) {
    if (message.kind === 'address') must(/^([0-9a-f]{8}|[0-9a-f]{32})$/.test(message.address), `the address is ${message.address}`);
    if (message.kind === 'link') must(!message.name.includes('\0'), 'an interface with NUL in its name');
    if (message.kind === 'route') must(Number.isInteger(message.interfaceIndex), 'a route through no interface');
    if (message.kind === 'end') must(Number.isInteger(message.errno), `the error number is ${message.errno}`);
  }
}

export const netlinkAttacks: readonly Attack[] = [
  attack({
    name: 'netlink',
    holds: 'a netlink datagram, damaged or made up, is read as far as it makes sense',
    runs: { suite: 3000, long: 300_000 },
    inputs: datagram,
    show: hex,
    begin: () => ({ check }),
  }),
];

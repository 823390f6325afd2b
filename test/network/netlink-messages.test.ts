import t from 'tap';
import { linkRequest, messageType, neighborRequest, readMessages, routeRequest } from '#vitald/network/netlink-messages.js';

/** A message as the kernel sends it: header, payload, attributes. */
function message(type: number, payload: Buffer, attributes: readonly (readonly [number, string])[] = []): Buffer {
  const parts = attributes.map(([kind, hex]) => {
    const value = Buffer.from(hex, 'hex');
    const attribute = Buffer.alloc((4 + value.length + 3) & ~3);
    attribute.writeUInt16LE(4 + value.length, 0);
    attribute.writeUInt16LE(kind, 2);
    value.copy(attribute, 4);
    return attribute;
  });
  const whole = Buffer.concat([Buffer.alloc(16), payload, ...parts]);
  whole.writeUInt32LE(whole.length, 0);
  whole.writeUInt16LE(type, 4);
  return whole;
}

/** The next message begins at a multiple of 4 bytes. */
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function neighbor(state: number): Buffer {
  const payload = Buffer.alloc(12);
  payload.writeUInt16LE(state, 8);
  return message(messageType.newNeighbor, payload);
}

const route = Buffer.alloc(12);

t.test('a request for a neighbor names family, interface and address, and leaves all else 0', async (t) => {
  const request = neighborRequest('0a4d0063', 7);
  t.equal(request.readUInt32LE(0), request.length);
  t.equal(request.readUInt16LE(4), messageType.getNeighbor);
  t.equal(request.toString('hex', 16), '02000000070000000000000008000100' + '0a4d0063');
  t.equal(neighborRequest('fd77'.padEnd(32, '0'), 7)[16], 10, 'IPv6');
});

t.test('an interface is asked for by its index, without statistics', async (t) => {
  const request = linkRequest(7);
  t.equal(request.readUInt16LE(4), messageType.getLink);
  t.equal(request.readUInt16LE(6), 1, 'no dump');
  t.equal(request.toString('hex', 16), '00000000070000000000000000000000' + '08001d0008000000');
});

t.test('an interface tells whether it has a carrier, and how often that has changed', async (t) => {
  const link = (flags: number, changes: string): unknown => {
    const payload = Buffer.alloc(16);
    payload.writeInt32LE(7, 4);
    payload.writeUInt32LE(flags, 8);
    return [
      ...readMessages(
        message(messageType.newLink, payload, [
          [3, '657468300000'],
          [35, changes],
        ]),
      ),
    ][0];
  };
  t.match(link(0x10001, '03000000'), { index: 7, name: 'eth0', up: true, running: true, carrierChanges: 3 });
  t.match(link(0x1, '04000000'), { up: true, running: false, carrierChanges: 4 });
  t.match(link(0x10000, '04'), { up: false, running: false, carrierChanges: 0 }, 'switched off; and a number that is too short');
});

t.test('a neighbor that is asked for, one that did not answer, and any other', async (t) => {
  const states = {
    0x01: 'incomplete',
    0x02: 'other',
    0x04: 'other',
    0x08: 'other',
    0x10: 'other',
    0x20: 'failed',
    0x40: 'other',
    0x80: 'other',
  };
  for (const [bit, state] of Object.entries(states)) t.same([...readMessages(neighbor(Number(bit)))], [{ kind: 'neighbor', state }]);
});

t.test('a route tells the router, of either family', async (t) => {
  const at = (...attributes: (readonly [number, string])[]): unknown =>
    [...readMessages(message(messageType.newRoute, route, attributes))][0];
  t.match(at([4, '03000000']), { interfaceIndex: 3, gateway: undefined });
  t.match(at([4, '03000000'], [5, '0a4d00fe']), { gateway: '0a4d00fe' });
  t.match(
    at([4, '03000000'], [18, `0a00${'fe80'.padEnd(32, '0')}`]),
    { gateway: 'fe80'.padEnd(32, '0') },
    'an IPv4 route by an IPv6 router',
  );
});

t.test('a request for a route leaves the zone of an address out', async (t) => {
  t.same(routeRequest(6, 'fe80::1%eth0', undefined, 3), routeRequest(6, 'fe80::1', undefined, 3));
});

t.test('a message that is too short for its type is left out, and those behind it are read', async (t) => {
  for (const type of Object.values(messageType)) {
    for (let length = 0; length < 4; length++) {
      const datagram = Buffer.concat([padded(message(type, Buffer.alloc(length))), neighbor(0x20)]);
      const messages = [...readMessages(datagram)];
      t.same(messages.at(-1), { kind: 'neighbor', state: 'failed' }, `type ${type} with ${length} bytes`);
      t.equal(messages.length, type === messageType.done ? 2 : 1);
    }
  }
});

t.test('an address of a length that its family does not have, and an interface that is no number, are left out', async (t) => {
  const address = Buffer.alloc(8);
  address[0] = 2;
  t.same([...readMessages(message(messageType.newAddress, address, [[2, '0a4d00']]))], []);
  t.match([...readMessages(message(messageType.newAddress, address, [[2, '0a4d0001']]))], [{ kind: 'address', address: '0a4d0001' }]);
  t.match([...readMessages(message(messageType.newRoute, route, [[4, '0300']]))], [{ kind: 'route', interfaceIndex: 0 }]);
});

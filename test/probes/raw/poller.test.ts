import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { openRawChannel, type RawChannel } from '#vitald/probes/raw/channel.js';
import { icmp4, protocol } from '#vitald/probes/raw/numbers.js';
import { runToEnd } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { descriptorsOf, rawSockets } from '../../support/inherited.js';
import { ownAddress } from '../../support/own-address.js';

/** `ret #65535`: lets everything through. */
const acceptAll = Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0, 0]);
const packetBytes = 16;
const skip = process.getuid?.() === 0 ? false : 'raw sockets need root';

function open(onSequence: (sequence: number) => void = () => undefined): RawChannel {
  return openRawChannel(
    {
      family: 4,
      protocol: protocol.icmp,
      filter: acceptAll,
      icmpTypes: [icmp4.echoReply],
      packetBytes,
      source: ownAddress,
      interface: undefined,
    },
    (packet, bytes) => {
      const at = (packet[0]! & 15) * 4;
      if (bytes === at + packetBytes) onSequence(packet.readUInt32BE(at + 4));
    },
    () => undefined,
  );
}

function ping(channel: RawChannel, sequence: number): void {
  const packet = Buffer.alloc(packetBytes);
  packet[0] = icmp4.echoRequest;
  packet.writeUInt32BE(sequence, 4);
  let sum = 0;
  for (let i = 0; i < packetBytes; i += 2) sum += packet.readUInt16BE(i);
  packet.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 2);
  const number = ownAddress.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  channel.send(packet, { address: ownAddress, number, bytes: undefined }, sequence);
}

/** A thread of this process that opens and closes connections all the time. */
async function churn(): Promise<{ readonly stop: () => Promise<number> }> {
  const server = createServer((socket) => socket.on('error', () => undefined).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const program = `
    const { connect } = require('node:net'); const { parentPort } = require('node:worker_threads');
    let count = 0; let stopped = false;
    const one = () => { if (stopped) return; const socket = connect(${port}, '127.0.0.1');
      socket.on('error', () => undefined); socket.on('close', () => { count++; one(); }); socket.resume(); };
    for (let i = 0; i < 10; i++) one();
    parentPort.on('message', () => { stopped = true; parentPort.postMessage(count); parentPort.close(); });`;
  const worker = new Worker(program, { eval: true });
  await once(worker, 'online');
  return {
    stop: async () => {
      worker.postMessage('stop');
      const [count] = (await once(worker, 'message')) as [number];
      server.close();
      return count;
    },
  };
}

t.test('500 sockets open while another thread opens and closes connections', { skip, timeout: 300_000 }, async (t) => {
  const clients = await churn();
  const failures: unknown[] = [];
  let opened = 0;
  while (opened < 500) {
    try {
      open().close();
    } catch (error) {
      failures.push(error);
    }
    opened++;
    // The server of this thread has its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const connections = await clients.stop();
  t.comment(`${opened} sockets opened beside ${connections} connections`);
  t.same(failures, []);
  t.ok(connections > 50, 'there was something to be confused with');
});

t.test('no program inherits a raw socket, or what watches it', { skip }, async (t) => {
  const channels = [open(), open(), open()];
  const raw = rawSockets();
  const own = descriptorsOf('self');
  t.equal(own.filter(({ target }) => raw.has(target)).length, 3, 'each channel has one socket, and there is no other');
  t.same(
    // This process has pipes from the one that started it.
    own.filter(({ fd, target, isInherited }) => fd > 2 && isInherited && !target.startsWith('pipe:')),
    [],
  );
  for (const channel of channels) channel.close();
  const left = rawSockets();
  t.same(
    descriptorsOf('self').filter(({ target }) => left.has(target)),
    [],
    'closed channels leave no socket',
  );
});

t.test('of many sockets each hears its own packets, and a closed one disturbs none', { skip }, async (t) => {
  const heard = new Map<number, number[]>();
  const channels = Array.from({ length: 100 }, (_, i) => open((sequence) => heard.set(i, [...(heard.get(i) ?? []), sequence])));
  for (const [i, channel] of channels.entries()) if (i % 3 === 0) channel.close();
  const left = channels.filter((_, i) => i % 3 !== 0);
  for (const [i, channel] of left.entries()) ping(channel, 1000 + i);
  // All sockets are bound to the same address: each hears every answer.
  await eventually(
    'all answers at all sockets',
    () => [...heard.values()].filter((list) => list.length === left.length).length === left.length,
  );
  t.same(
    [...heard.keys()].filter((i) => i % 3 === 0),
    [],
  );
  for (const channel of left) channel.close();
});

t.test('a socket that takes the number of a closed one is heard', { skip }, async (t) => {
  const heard: number[] = [];
  for (let i = 0; i < 20; i++) {
    const channel = open((sequence) => heard.push(sequence));
    ping(channel, i);
    await eventually('the answer', () => heard.includes(i));
    channel.close();
  }
  t.same(heard, [...Array(20).keys()]);
});

t.test('a process whose sockets are closed ends by itself', { skip }, async (t) => {
  const program = `
    import { openRawChannel } from '#vitald/probes/raw/channel.js';
    const options = { family: 4, protocol: 1, filter: Buffer.from([6, 0, 0, 0, 255, 255, 0, 0]), packetBytes: 16 };
    const channel = openRawChannel(options, () => {}, () => {});
    setTimeout(() => { channel.close(); console.log('closed'); }, 50);`;
  const { exitCode, out, err } = await runToEnd([process.execPath, '--input-type=module', '-e', program]);
  t.same({ exitCode, out, err }, { exitCode: 0, out: 'closed', err: '' });
});

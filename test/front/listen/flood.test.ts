import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { ask, openEntrances } from '../../support/entrances.js';
import { eventually } from '../../support/eventually.js';

const limits = { requestsPerSecond: 100_000, connections: 100, connectionsPerAddress: 50 };
const bare = 'GET /v1/listeners HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** What comes first: an answer, or the end of the connection (nothing). */
async function firstAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.on('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

t.test('ten thousand connections do not keep out who is in, nor who comes after', async (t) => {
  const { url, app } = await openEntrances(t, { limits });
  const port = Number(new URL(url).port);
  const agent = new Agent({ keepAlive: true, localAddress: '127.0.0.2' });
  t.teardown(() => agent.destroy());
  t.equal((await ask(url, '/v1/listeners', { agent })).status, 200);
  const answers = { served: 0, told: 0, reset: 0 };
  const held: Socket[] = [];
  const flood = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bare);
    const answer = await firstAnswer(socket);
    if (answer.startsWith('HTTP/1.1 200')) answers.served = held.push(socket);
    else if (answer.includes('too_many_connections')) answers.told++;
    else answers.reset++;
  };
  for (let round = 0; round < 25; round++) {
    await Promise.all(Array.from({ length: 400 }, flood));
    if (round % 5 === 0) t.equal((await ask(url, '/v1/listeners', { agent })).status, 200, 'who was in before stays in');
  }
  t.match(answers, { served: 50, told: Number, reset: Number });
  t.equal(answers.told + answers.reset, 9950, JSON.stringify(answers));
  t.ok(answers.told > 100, JSON.stringify(answers));
  for (const socket of held) socket.destroy();
  t.ok(await eventually('a place for who comes after', async () => (await ask(url, '/v1/listeners')).status === 200));
  t.equal(app.server.listening, false, 'the app’s own server is not one of them');
});

t.test('of connections that say nothing only a few beyond the limit are kept, and those for two seconds', async (t) => {
  const { url } = await openEntrances(t, { limits });
  const port = Number(new URL(url).port);
  const closed: number[] = [];
  const startedAt = performance.now();
  const sockets = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.once('close', () => closed.push(performance.now() - startedAt));
  }
  await eventually('all but those within the limit to end', () => closed.length === 350);
  t.ok(closed.filter((ms) => ms > 1900).length >= 128, 'were waited for');
  t.equal((await ask(url, '/healthz', { localAddress: '127.0.0.2' })).status, 200);
  for (const socket of sockets) socket.destroy();
});

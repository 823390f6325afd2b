/** What is behind the socket need not be HAProxy. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { haproxyRuntime } from '#vitald/front/outputs/haproxy-runtime/kind.js';
import type { OutputState } from '#vitald/front/outputs/output.js';
import { temporaryFolder } from '../../../support/daemon.js';
import { eventually } from '../../../support/eventually.js';
import { smallWorld } from '../../../support/front-world.js';
import { runOutput } from '../../../support/output-world.js';

const columns = 'be_id be_name srv_name srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state';
const table = (...rows: string[]): string => ['Name: HAProxy', 'Pid: 42', '', '1', `# ${columns}`, ...rows, '', ''].join('\n');

/** @param behave what it does with each connection @returns the first state of the output that is not `starting` */
async function stateAgainst(t: Test, behave: (socket: Socket) => void): Promise<OutputState> {
  const path = join(temporaryFolder(t), 'admin.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    behave(socket);
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { output } = runOutput(t, smallWorld(), haproxyRuntime, { socket: path });
  return eventually('a state', () => output.state().state !== 'starting' && output.state());
}

const says =
  (text: string) =>
  (socket: Socket): void =>
    void socket.end(text);

function flood(socket: Socket, piece: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

t.test('what does not speak as HAProxy does is told', async (t) => {
  for (const text of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\0\u001b[2J', table().replace('Pid', 'Pod')])
    t.match(await stateAgainst(t, says(text)), { state: 'failing', problem: /the answer is not one of HAProxy/ }, JSON.stringify(text));
  t.match(await stateAgainst(t, says(table('1 web app-1 x 0 1 1 0'))), { problem: /not one of HAProxy/ });
  t.match(await stateAgainst(t, says(table('1 web'))), { problem: /not one of HAProxy/ });
});

t.test('an answer that is cut short changes nothing', async (t) => {
  const whole = table('1 web app-1 0 0 1 1 0');
  t.match(await stateAgainst(t, says(whole.slice(0, -1))), {
    problem: /closed the connection before all of its answer was there/,
    details: { commands_sent: 0 },
  });
  const hangsUp = (socket: Socket): void => {
    socket.once('data', (bytes: Buffer) => void socket.end(bytes.includes('show') ? whole : ''));
  };
  t.match(
    await stateAgainst(t, hangsUp),
    { problem: /before all of its answer/, details: { commands_sent: 0 } },
    'nor are its commands done',
  );
});

t.test('an endless line is not read to its end', async (t) => {
  t.match(await stateAgainst(t, (socket) => flood(socket, 'x'.repeat(10_000))), { problem: /too long to be one of HAProxy/ });
});

t.test('an endless answer, or none, ends after two seconds', async (t) => {
  const silent = stateAgainst(t, () => undefined);
  t.match(await stateAgainst(t, (socket) => flood(socket, 'Name: x\n'.repeat(100))), { problem: /no answer within 2 s|too long/ });
  t.match(await silent, { problem: /no answer within 2 s/ });
});

t.test('complaints of any length and content are told in short', async (t) => {
  const evil = `\u001b[31m${'evil '.repeat(1000)}`;
  const answer = (socket: Socket): void => {
    socket.once('data', (bytes: Buffer) => {
      if (bytes.includes('show')) return void socket.end(table('1 web app-1 0 0 10 10 0', '1 web app-2 2 0 10 10 0'));
      return void socket.end(`${evil}\n\n${evil}\n\n`);
    });
  };
  const { state, problem } = await stateAgainst(t, answer);
  t.equal(state, 'failing');
  t.match(problem, /HAProxy refuses "set server web\/app-1 health up": "\\u001b\[31mevil/);
  t.notMatch(problem, '\u001b');
  t.ok(problem!.length < 1000);
});

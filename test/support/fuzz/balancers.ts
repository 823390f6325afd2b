/** What load balancers say: answers of HAProxy's Runtime API, and the lines of its agent checks. */
import { connect } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import { LineServer } from '#vitald/front/outputs/haproxy-agent/line-server.js';
import { ServersState } from '#vitald/front/outputs/haproxy-runtime/servers-state.js';
import { exchange } from '#vitald/front/outputs/haproxy-runtime/stats-socket.js';
import { eventually } from '../eventually.js';
import { tcpServer } from '../loopback.js';
import { attack, must, NotHeld, type Attack } from './attack.js';
import { anyBytes, damaged, damages, latin1, parts, sizes } from './bytes.js';

/** As HAProxy 2.6 answers `show servers state`. */
const table = [
  '1',
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port',
  '3 web 1 app-1 10.0.0.1 2 0 1 1 10 6 3 4 6 0 0 0 - 80 - 0 0 - - 0',
  '3 web 2 app-2 10.0.0.2 0 1 1 1 10 6 3 4 14 0 0 0 - 80 - 0 0 - - 0',
  '',
  '',
].join('\n');

const health = ['up', 'down', 'stopping'];
const admin = ['ready', 'drain', 'maint', 'held'];

/** @returns whether the whole table was read */
function readState(lines: readonly string[]): boolean {
  const state = new ServersState();
  for (const line of lines) {
    const server = state.line(line);
    if (server === undefined) continue;
    must(health.includes(server.health) && admin.includes(server.admin), `a server that is ${server.health} and ${server.admin}`);
    must(Number.isInteger(server.weight) && Number.isInteger(server.initialWeight), `the weight is ${server.weight}`);
  }
  return state.isComplete;
}

interface Exchanged {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

const answer: Arbitrary<Exchanged> = fc.record({
  bytes: fc.oneof(
    { weight: 5, arbitrary: damages.map((harm) => damaged(latin1(table), harm)) },
    { weight: 1, arbitrary: anyBytes(200) },
    { weight: 1, arbitrary: fc.constantFrom('', '\n', 'Permission denied\n', '1\n# be_id\n', '# be_id be_name\nx\n').map(latin1) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 100_000 }).map((length) => Buffer.alloc(length, 'a')) },
  ),
  cuts: sizes,
});

/** An answer is read, or refused with an Error that says something; never anything else. */
function outcomeOf(lines: readonly string[]): string {
  try {
    return readState(lines) ? 'complete' : 'incomplete';
  } catch (error) {
    if (error instanceof NotHeld) throw error;
    must(error instanceof Error && error.message !== '' && error.constructor === Error, () => `not an error for people: ${String(error)}`);
    return error.message;
  }
}

const haproxyTable = attack({
  name: 'haproxy-table',
  holds: 'any answer to "show servers state" is a table of servers, or is refused with a reason',
  runs: { suite: 2000, long: 200_000 },
  inputs: answer,
  show: ({ bytes }) => JSON.stringify(bytes.toString('latin1')),
  begin: () => ({ check: ({ bytes }) => void outcomeOf(bytes.toString('latin1').split('\n')) }),
});

const answerWithinMs = 20_000;

const haproxySocket = attack({
  name: 'haproxy-socket',
  holds: 'whatever comes from the stats socket of HAProxy, in whatever pieces, ends the exchange with an answer or an error',
  runs: { suite: 100, long: 5000 },
  inputs: answer,
  show: ({ bytes, cuts }) => `${JSON.stringify(bytes.toString('latin1'))} in parts of ${cuts.join()}`,
  async begin() {
    let next: Exchanged = { bytes: Buffer.alloc(0), cuts: [1] };
    const server = await tcpServer('127.0.0.1', (socket) => {
      const { bytes, cuts } = next;
      socket.once('data', () => {
        // At most some hundred writes: the cuts of long answers are few.
        const size = Math.max(1, Math.ceil(bytes.length / 200));
        for (const [chunk, start, end] of parts(
          bytes,
          cuts.map((cut) => cut * size),
        ))
          socket.write(chunk.subarray(start, end));
        socket.end();
      });
    });
    const check = async (input: Exchanged): Promise<void> => {
      next = input;
      const lines: string[] = [];
      const expected = input.bytes.toString('latin1').split('\n').slice(0, -1);
      const given = exchange(
        { host: '127.0.0.1', port: server.port },
        'show servers state',
        (line) => lines.push(line),
        AbortSignal.timeout(answerWithinMs),
      );
      const error = await given.then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      if (error !== undefined) must(/too long/.test(error.message), () => `the exchange failed: ${String(error)}`);
      else must(lines.join('\n') === expected.join('\n'), 'other lines than were sent');
    };
    return { check, end: () => server.close() };
  },
});

interface Asked {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
  readonly ends: 'close' | 'reset' | 'stay';
}

const asked: Arbitrary<Asked> = fc.record({
  bytes: fc.oneof(
    fc
      .tuple(fc.constantFrom('web/app-1\n', 'web/app-1\r\nmore\n', 'web', '\n', '/\n'), damages)
      .map(([line, harm]) => damaged(latin1(line), harm)),
    anyBytes(600),
    fc.integer({ min: 400, max: 5000 }).map((length) => Buffer.alloc(length, 'a')),
  ),
  cuts: sizes,
  ends: fc.constantFrom('close', 'reset', 'stay'),
});

/** Sends the bytes, and waits for the end of the connection, however it comes. */
function talk(port: number, { bytes, cuts, ends }: Asked): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setNoDelay(true);
    socket.on('data', (more: Buffer) => (text += more.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    socket.on('connect', () => {
      for (const [chunk, start, end] of parts(bytes, cuts)) socket.write(chunk.subarray(start, end));
      if (ends === 'reset') setImmediate(() => socket.resetAndDestroy());
      else if (ends === 'close') socket.end();
    });
  });
}

const agentLines = attack({
  name: 'agent-lines',
  holds: 'whatever a peer sends to the agent of HAProxy, it gets one line or none, and the connection ends',
  runs: { suite: 4, long: 300 },
  // Many at once: those that send no whole line take a second each.
  inputs: fc.array(asked, { minLength: 20, maxLength: 60 }),
  async begin() {
    const longest = { line: 0, kept: 0 };
    const server = new LineServer({
      answer(line) {
        longest.line = Math.max(longest.line, line.length);
        return line === '' ? undefined : 'up ready 100%\n';
      },
      incomplete: (sent) => (longest.kept = Math.max(longest.kept, sent.length)),
    });
    await server.listen('127.0.0.1', 0);
    const check = async (all: readonly Asked[]): Promise<void> => {
      const answers = await Promise.all(all.map((one) => talk(server.port!, one)));
      for (const text of answers) must(text === '' || text === 'up ready 100%\n', () => `the answer is ${JSON.stringify(text)}`);
      must(longest.line <= 2000 && longest.kept <= 2000, `${longest.line} characters of a line, ${longest.kept} of none`);
      await eventually('the end of all connections', () => server.openConnections === 0);
    };
    return { check, end: () => server.close() };
  },
});

export const balancerAttacks: readonly Attack[] = [haproxyTable, haproxySocket, agentLines];

/** The daemon against backends that mean harm: every kind of bad behavior at once, and more of each. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { selfSigned } from '../support/certificates.js';
import { Child } from '../support/child.js';
import { RunningDaemon, temporaryFolder, type Backend } from '../support/daemon.js';
import { fuzzRuns, fuzzSeed } from '../support/fuzz/seed.js';
import { udpServer } from '../support/loopback.js';
import { generator } from '../support/random.js';
import { misbehaviours, reset } from '../support/servers/behaviours.js';
import { serve, type Behaviour, type ServeOptions } from '../support/servers/server.js';
import { server } from '../support/two-backends.js';

const seed = fuzzSeed();
const random = generator(seed);
/** Each is a second of all of them at once. */
const rounds = fuzzRuns(4);

/** Bytes below TLS, or in its place: floods of records, half a handshake, alerts. */
const records = ['\x16\x03\x03\xff\xff', '\x15\x03\x03\x00\x02\x01\x00', '\x14\x03\x03\x00\x01\x01', '\x17\x03\x03\x40\x00', '\0'];

/** Random bytes in pieces, without end unless the peer goes. */
const noise: Behaviour = (socket) => {
  const timer = setInterval(() => {
    const length = Math.floor(random() * 4000);
    socket.write(random() < 0.5 ? records[Math.floor(random() * records.length)]! : Buffer.alloc(length, Math.floor(random() * 256)));
    if (random() < 0.05) reset(socket);
  }, 5);
  socket.on('close', () => clearInterval(timer));
};

interface Listener {
  readonly name: string;
  readonly protocol: string;
  readonly check: object;
  readonly backends: readonly { readonly name: string; readonly address: string; readonly port: number }[];
}

const timing = { interval: '500ms', timeout: '150ms', healthy_threshold: 2, unhealthy_threshold: 2 };

async function hostileListeners(t: { teardown(fn: () => unknown): void }): Promise<Listener[]> {
  const behaviours: [name: string, behaviour: Behaviour][] = [...Object.entries(misbehaviours), ['noise', noise]];
  const serveAll = (options: ServeOptions): Promise<Listener['backends']> =>
    Promise.all(
      behaviours.map(async ([name, behaviour]) => {
        const one = await serve(behaviour, options);
        t.teardown(() => one.close());
        return { name: name.replace(/[^a-z]+/g, '-'), address: '127.0.0.1', port: one.port };
      }),
    );
  const [plain, secure] = [await serveAll({}), await serveAll({ identity: selfSigned(['localhost']) })];
  const udp = await udpServer('127.0.0.1', (socket, _message, { port, address }) => {
    for (let copies = 0; copies < 20; copies++) socket.send(Buffer.alloc(Math.floor(random() * 1400), 0x58), port, address);
  });
  t.teardown(() => udp.close());
  return [
    { name: 'tcp', protocol: 'tcp', check: { ...timing, tcp: { method: 'connect' } }, backends: plain },
    { name: 'http', protocol: 'http', check: { ...timing, type: 'http', method: 'GET' }, backends: plain },
    { name: 'http-reuse', protocol: 'http', check: { ...timing, type: 'http', reuse: true }, backends: plain },
    { name: 'https', protocol: 'https', check: { ...timing, type: 'https', method: 'GET' }, backends: secure },
    { name: 'https-plain', protocol: 'https', check: { ...timing, type: 'https' }, backends: plain },
    {
      name: 'udp',
      protocol: 'udp',
      check: { ...timing, type: 'udp', udp: { send: 'text:x', expect: 'text:good' } },
      backends: [{ name: 'garbage', address: '127.0.0.1', port: udp.port }],
    },
  ];
}

/** In a process of its own: this one is busy with being hostile. */
async function goodListener(t: { teardown(fn: () => unknown): void }): Promise<Listener> {
  const program = `
    import { createServer } from 'node:http';
    const server = createServer((request, response) => response.end()).listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const child = new Child([process.execPath, '--input-type=module', '-e', program]);
  t.teardown(() => child.stop('SIGKILL'));
  const port = Number(await child.line(/^\d+$/));
  const check = { ...timing, timeout: '10s', type: 'http' };
  return { name: 'good', protocol: 'http', check, backends: [{ name: 'good', address: '127.0.0.1', port }] };
}

const residentMiB = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** A daemon with a few backends has some 130 MiB. What a hostile answer may hold beside that is 64 KiB of header, and buffers of the kernel. */
const mostMiB = 400;
/** Its own, and for each backend one connection in flight and some that linger for 200 ms. */
const descriptorsFor = (backends: number): number => 100 + 4 * backends;

t.test('with every backend hostile the daemon judges all of them, and stays within its memory and descriptors', async (t) => {
  const listeners = [...(await hostileListeners(t)), await goodListener(t)];
  const count = listeners.reduce((sum, { backends }) => sum + backends.length, 0);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners } });
  const isJudged = ({ state, last_probe: last }: Backend): boolean => state !== 'initial' && last !== null;
  const first = await daemon.statusWhen((backends) => backends.length === count && backends.every(isJudged));
  let probes = await daemon.metric('vitald_probes_total');
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [memory, open] = [residentMiB(daemon.pid), descriptors(daemon.pid)];
    if (memory > mostMiB) t.fail(`${memory} MiB in round ${round}`);
    if (open > descriptorsFor(count)) t.fail(`${open} descriptors in round ${round}`);
    const now = await daemon.metric('vitald_probes_total');
    if (now <= probes) t.fail(`no probe ended in round ${round}`);
    probes = now;
  }
  t.comment(`seed ${seed}: ${count} backends, ${probes} probes, ${Math.round(residentMiB(daemon.pid))} MiB`);
  const { backends } = await daemon.status();
  for (const { listener, backend, last_probe: last } of backends) {
    if (last === null || last.reason === '') t.fail(`${listener}/${backend} has no reason`);
  }
  t.match(await daemon.backend('good', 'good'), { state: 'healthy', transitions: [{ to: 'healthy' }] });
  t.match(await daemon.backend('udp', 'garbage'), { state: 'unhealthy' });
  // With which reason depends on how soon this busy process answers.
  for (const id of ['sends-garbage', 'sends-endless-headers', 'noise']) t.match(await daemon.backend('http', id), { state: 'unhealthy' });
  t.equal(first.backends.length, backends.length);
  t.notOk(
    daemon.log.some(({ level }) => level === 'error' || level === 'fatal'),
    'nothing in the log is an error',
  );
  t.match(await daemon.stop(), { exitCode: 0, err: '' });
});

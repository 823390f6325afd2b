import { createSocket } from 'node:dgram';
import { createServer as createHttp, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { diagnoseCommand, type DiagnoseFlags } from '#vitald/cli/diagnose.js';
import { doctorCommand } from '#vitald/cli/doctor.js';
import { sharedSchemas } from '#vitald/front/api/schemas/index.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { env, machine } from '../support/load.js';
import { machinePace } from '../support/pace.js';

const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
for (const schema of sharedSchemas) ajv.addSchema(schema);

function capture() {
  const captured = { out: '', progress: [] as string[] };
  const io = {
    out: (text: string) => void (captured.out += text),
    err: () => undefined,
    color: false,
    progress: (text: string) => void captured.progress.push(text),
  };
  return { io, captured };
}

async function run(words: string[], flags: Partial<DiagnoseFlags> = {}, text = '') {
  const { io, captured } = capture();
  const load = () => Promise.resolve({ file: 'vitald.yaml', text, env, kinds: probeKinds, machine });
  const code = await diagnoseCommand(words, { json: false, ...flags }, load, io);
  return { code, ...captured };
}

async function httpServer(t: Test, answer: RequestListener): Promise<number> {
  const server = createHttp(answer);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Long enough for an answer of this process itself. */
const timeout = `${500 * (await machinePace())}ms`;

const configOf = (port: number, check: object): string =>
  JSON.stringify({ listeners: [{ name: 'web', protocol: 'http', check, backends: [{ name: 'app', address: '127.0.0.1', port }] }] });

t.test('a URL that nothing listens at: the verdict first, exit code 1', async (t) => {
  const { code, out, progress } = await run(['tcp://127.0.0.1:1'], { timeout });
  t.equal(code, 1);
  t.match(out, /^127\.0\.0\.1:1 \(tcp\) is unhealthy\.\n/);
  t.match(out, '(port_closed)');
  t.match(out, 'netstat -anp | grep :1');
  t.ok(progress.length > 1);
  t.equal(progress.at(-1), '', 'the progress is taken away at the end');
});

t.test('a backend that is well: exit code 0', async (t) => {
  const port = await httpServer(t, (_request, response) => response.writeHead(200, { 'content-length': 0 }).end());
  const { code, out } = await run(['web', 'app'], {}, configOf(port, { timeout }));
  t.equal(code, 0);
  t.match(out, /^web\/app \(http 127\.0\.0\.1:\d+\) is healthy\.\n/);
});

t.test('--json follows the schema of the API, and has no secret of the check, even where the backend sends it back', async (t) => {
  const port = await httpServer(t, (request, response) => {
    response.writeHead(302, { location: `/login?was=${request.headers.authorization}` }).end();
  });
  const check = { timeout, method: 'GET', headers: { Authorization: 'Bearer hidden-one' } };
  const { code, out } = await run(['web', 'app'], { json: true }, configOf(port, check));
  t.equal(code, 1);
  t.ok(ajv.validate('Report#', JSON.parse(out)), ajv.errorsText());
  t.match(JSON.parse(out), { target: { listener: 'web', backend: 'app', port }, verdict: 'unhealthy', findings: [{ code: 'redirected' }] });
  t.notMatch(out, 'hidden-one');
});

t.test('a UDP service that answers something else: what came, what was expected, and no word of HTTP', async (t) => {
  const socket = createSocket('udp4').on('message', (_message, { port }) => socket.send('other', port, '127.0.0.1'));
  t.teardown(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const check = { type: 'udp', timeout, udp: { send: 'text:hi', expect: 'text:xx' } };
  const config = { listeners: [{ name: 'u', protocol: 'udp', check, backends: [`127.0.0.1:${port}`] }] };
  const { code, out } = await run(['u', `127.0.0.1:${port}`], {}, JSON.stringify(config));
  t.equal(code, 1);
  t.match(out, `answers "other", and the check expects an answer that begins with "xx"`);
  t.match(out, /Compare the answer with `udp\.expect`/);
  t.notMatch(out, /HTTP|type tcp/);
});

t.test('what is not there is wrong usage, and names what is near', async (t) => {
  const config = configOf(80, {});
  await t.rejects(run(['wib', 'app'], {}, config), { code: 'usage', message: /wib.*web/ });
  await t.rejects(run(['web', 'ap'], {}, config), { code: 'usage', message: /ap.*app/ });
  await t.rejects(run(['web'], {}, config), { code: 'usage', message: /which backend of "web"\?/ });
  await t.rejects(run(['web', 'app'], { timeout: '1s' }, config), { code: 'usage', message: /--timeout goes with a URL only/ });
  await t.rejects(run(['tcp://127.0.0.1:1', 'app']), { code: 'usage', message: /is a URL/ });
  await t.rejects(run(['tcp://127.0.0.1:1'], { timeout: 'soon' }), { code: 'usage', message: /--timeout "soon" is not a duration/ });
  await t.rejects(run(['web', 'app'], {}, 'listeners: 7'), { code: 'config_invalid' });
});

t.test('doctor: a port that nobody listens on is exit code 1, as JSON of the same schema', async (t) => {
  const { io, captured } = capture();
  t.equal(await doctorCommand({ port: '1', udp: false, json: true }, io), 1);
  t.ok(ajv.validate('Report#', JSON.parse(captured.out)), ajv.errorsText());
  t.match(JSON.parse(captured.out), { verdict: 'unhealthy', findings: [{ code: 'nothing_listens' }] });
});

t.test('doctor: wrong options are wrong usage', async (t) => {
  for (const flags of [{ port: 'http' }, { port: '70000' }, { port: '80', from: 'everywhere' }]) {
    await t.rejects(doctorCommand({ udp: false, json: false, ...flags }, capture().io), { code: 'usage' });
  }
});

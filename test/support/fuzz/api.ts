/** The API asked by programs that do not know it, or mean harm: all calls of its OpenAPI document, and raw bytes. */
import { connect } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import { shownPath, type Route } from '#vitald/front/http/route.js';
import { routes } from '#vitald/front/api/routes.js';
import { undocumented } from '../answers.js';
import { controlApi } from '../control.js';
import { ask, openEntrances } from '../entrances.js';
import { attack, must, type Attack } from './attack.js';
import { anyBytes, damagedSamples, latin1, parts, piecesOf, sizes } from './bytes.js';
import { requestsFrom, type ApiRequest, type OpenApi } from './openapi-requests.js';

/** Collects what a helper for tests would do at the end of its test. */
class Ends {
  readonly #ends: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.#ends.push(end);
  }

  async all(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

/** Statuses of every call, whichever it is: what is wrong before, or beside, its own parameters. */
const general = new Set([400, 404, 405, 408, 411, 413, 414, 415, 417, 421, 429, 431]);

const byOperation = new Map(routes.map((route) => [`${route.method ?? 'GET'} ${shownPath(route.url)}`, route]));

interface Answered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function checkAnswer(request: ApiRequest, route: Route | undefined, answer: Answered): void {
  const { statusCode, body } = answer;
  const named = `${request.method} ${request.url.slice(0, 200)}: ${statusCode} ${body.slice(0, 300)}`;
  const isDocumented =
    route !== undefined && `${request.method} ${shownPath(route.url)}` === request.operation && String(statusCode) in route.schema.response;
  if (isDocumented) {
    const problem = undocumented(route, answer);
    must(problem === undefined, () => `${named}: ${problem}`);
    return;
  }
  if (request.method === 'HEAD' || statusCode === 204) return;
  if (statusCode < 400) {
    must(request.method !== (route?.method ?? 'GET') || statusCode < 400, named);
    return;
  }
  must(general.has(statusCode), `an answer that is not documented: ${named}`);
  must(String(answer.headers['content-type']).startsWith('application/problem+json'), `no problem document: ${named}`);
  const { status, code, detail } = JSON.parse(body) as Readonly<Record<string, unknown>>;
  must(status === statusCode && typeof code === 'string' && typeof detail === 'string', `no problem document: ${named}`);
}

const error = 50;
/** Far above what an API on a few backends needs. */
const mostBytes = 1.5 * 1024 ** 3;

/** What fastify's inject cannot send: a real client's library would not either. */
function isSendable({ url, headers }: ApiRequest): boolean {
  return !/[\0-\x20\x7f]/.test(url) && Object.values(headers).every((value) => !/[\0-\x08\x0a-\x1f\x7f]/.test(value));
}

async function checkRequests(requests: readonly ApiRequest[]): Promise<void> {
  const ends = new Ends();
  try {
    const { app, outputs, lines } = await controlApi(ends);
    outputs.apply([
      { name: 'envoy', type: 'envoy', options: {} },
      { name: 'sd', type: 'prometheus_sd', options: {} },
    ]);
    for (const request of requests.filter(isSendable)) {
      const { method, url, headers, body } = request;
      const answer = await app.inject({ method: method as 'GET', url, headers, ...(body !== undefined && { payload: body }) });
      checkAnswer(request, byOperation.get(request.operation), answer);
    }
    const { statusCode } = await app.inject({ url: '/v1/status' });
    must(statusCode === 200, `afterwards /v1/status answers ${statusCode}`);
    const complaint = lines.find(({ level }) => Number(level) >= error);
    must(complaint === undefined, () => `an error in the log: ${JSON.stringify(complaint)}`);
    const { rss } = process.memoryUsage();
    must(rss < mostBytes, `${Math.round(rss / 1024 ** 2)} MiB of memory`);
  } finally {
    await ends.all();
  }
}

/** Each starts a process. */
const expensive = ['startDiagnosis'];

async function servedDocument(): Promise<OpenApi> {
  const ends = new Ends();
  try {
    const { app } = await controlApi(ends);
    return (await app.inject({ url: '/openapi.json' })).json<OpenApi>();
  } finally {
    await ends.all();
  }
}

/** The document is there only when a server was asked for it: the generators are made then. */
function apiCalls(): Attack {
  const definition = {
    name: 'api-calls',
    holds: 'requests from the OpenAPI document, right and wrong, get the answers that it documents, and nothing breaks',
    runs: { suite: 25, long: 2000 },
  };
  return {
    ...definition,
    async attempt(budget) {
      const requests = requestsFrom(await servedDocument(), expensive);
      const inputs = fc.array(requests, { minLength: 1, maxLength: 40 });
      return attack({ ...definition, inputs, begin: () => ({ check: checkRequests }) }).attempt(budget);
    },
  };
}

interface Client {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
  readonly ends: 'close' | 'reset' | 'stay';
}

const grammar = [
  'GET / HTTP/1.1\r\n',
  'GET /v1/status HTTP/1.1\r\n',
  'HEAD /healthz HTTP/1.0\r\n',
  'POST /v1/listeners/web/backends/app-1/probe HTTP/1.1\r\n',
  'PUT /v1/listeners/web/backends/app-1/override HTTP/1.1\r\n',
  'GET /v1/status?since=1&wait=10m HTTP/1.1\r\n',
  'GET /v1/events HTTP/1.1\r\n',
  'GET /% HTTP/1.1\r\n',
  'GET http://x/ HTTP/1.1\r\n',
  'CONNECT x:80 HTTP/1.1\r\n',
  'OPTIONS * HTTP/1.1\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'get / http/1.1\r\n',
  'GET /\r\n',
  'Host: 127.0.0.1\r\n',
  'Host: evil.example\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'Connection: close\r\n',
  'Content-Type: application/json\r\n',
  'Authorization: Bearer \xff\xfe\r\n',
  'Last-Event-ID: x:1\r\n',
  ` Folded: ${'a'.repeat(3000)}\r\n`,
  `X: ${'a'.repeat(20_000)}\r\n`,
  'X\0Y: z\r\n',
  '\r\n',
  '\n',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  'FFFFFFFFFFFFFFFF\r\n',
  '{"mode":"maintenance"}',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
];

const wellFormed = [
  'GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  'PUT /v1/listeners/web/backends/app-1/override HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{"mode":"maintenance","reason":"x" }',
  'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n',
].map(latin1);

const client: Arbitrary<Client> = fc.record({
  bytes: fc.oneof(
    { weight: 4, arbitrary: piecesOf(grammar, 10) },
    { weight: 4, arbitrary: damagedSamples(wellFormed) },
    { weight: 1, arbitrary: anyBytes(200) },
  ),
  cuts: sizes,
  ends: fc.constantFrom('close', 'reset', 'stay'),
});

/** Clients that neither end nor get an answer are left after this time. */
const patienceMs = 150;

/** @returns the statuses of all answers on the connection */
function talk(port: number, { bytes, cuts, ends }: Client): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), patienceMs);
    };
    socket.setNoDelay(true);
    socket.on('data', (more: Buffer) => {
      if (text.length < 1_000_000) text += more.toString('latin1');
      wait();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status)));
    });
    socket.on('connect', () => {
      wait();
      const size = Math.max(1, Math.ceil(bytes.length / 500));
      for (const [chunk, start, end] of parts(
        bytes,
        cuts.map((cut) => cut * size),
      ))
        socket.write(chunk.subarray(start, end));
      if (ends === 'reset') setImmediate(() => socket.resetAndDestroy());
      else if (ends === 'close') socket.end();
    });
  });
}

const apiBytes = attack({
  name: 'api-bytes',
  holds: 'whatever bytes come to the API, it answers with no error of its own, and goes on',
  runs: { suite: 12, long: 1500 },
  inputs: fc.array(client, { minLength: 1, maxLength: 20 }),
  async begin() {
    const ends = new Ends();
    const { url, lines, state } = await openEntrances(ends, {});
    const { port } = new URL(url);
    const check = async (clients: readonly Client[]): Promise<void> => {
      const statuses = await Promise.all(clients.map((one) => talk(Number(port), one)));
      const bad = statuses.flat().find((status) => status >= 500 && status !== 503);
      must(bad === undefined, `an answer ${bad}`);
      const { status } = await ask(url, '/healthz');
      must(status === 200, `afterwards /healthz answers ${status}`);
      const complaint = lines.find(({ level }) => Number(level) >= error);
      must(complaint === undefined, () => `an error in the log: ${JSON.stringify(complaint)}`);
      must(state.eventReaders.size <= clients.length, `${state.eventReaders.size} readers of events are left`);
      lines.length = 0;
    };
    return { check, end: () => ends.all() };
  },
});

export const apiAttacks: readonly Attack[] = [apiCalls(), apiBytes];

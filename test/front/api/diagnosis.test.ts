import t, { type Test } from 'tap';
import type { DiagnosesOptions } from '#vitald/front/diagnoses.js';
import { eventually } from '../../support/eventually.js';
import { appOf, FrontWorld } from '../../support/front-world.js';
import { wallClock } from '../../support/wall-clock.js';

interface Diagnosis {
  running: boolean;
  started_at: string | null;
  finished_at: string | null;
  took_seconds: number | null;
  failure: string | null;
  result: { verdict: string; target: object; findings: { code: string }[] } | null;
}

const urlOf = (backend: string): string => `/v1/listeners/web/backends/${encodeURIComponent(backend)}/diagnosis`;

/** What a simulated diagnosis does, its backend’s name says: see test/support/simulated-diagnosis.ts. */
async function api(t: Test, options: Omit<DiagnosesOptions, 'log'> = {}) {
  const backends = ['app-1', 'app-2', 'a/b [x]', 'fails', 'crashes', 'ends', 'hangs', 'hangs-too'];
  const { app, get, lines, diagnoses } = await appOf(new FrontWorld({ web: { backends } }, 256), options);
  t.teardown(() => {
    diagnoses.close();
    return app.close();
  });
  const post = (backend: string, query = '?wait=20s', headers = {}) =>
    app.inject({ method: 'POST', url: urlOf(backend) + query, headers: { host: 'vitald:8248', ...headers } });
  return { get, post, lines, diagnoses };
}

t.test('POST with wait answers with the result', async (t) => {
  const { post, lines } = await api(t);
  const answer = await post('app-1');
  t.equal(answer.statusCode, 200);
  t.match(answer.json<Diagnosis>(), {
    checker: 'lb-1',
    listener: 'web',
    backend: 'app-1',
    running: false,
    started_at: null,
    finished_at: /^\d{4}-.*Z$/,
    took_seconds: Number,
    failure: null,
    result: {
      verdict: 'unhealthy',
      target: { listener: 'web', backend: 'app-1', port: 80, type: 'http' },
      findings: [{ code: 'port_closed' }, {}],
    },
  });
  t.match(
    lines.find(({ msg }) => msg === 'web/app-1 was diagnosed'),
    { level: 30, verdict: 'unhealthy' },
  );
});

t.test('POST without wait answers at once, and says where the result will be', async (t) => {
  const { post, get } = await api(t);
  const answer = await post('a/b [x]', '');
  t.equal(answer.statusCode, 202);
  t.match(answer.json<Diagnosis>(), { running: true, started_at: /Z$/, result: null });
  t.equal(answer.headers.location, urlOf('a/b [x]'));
  const result = await get(`${String(answer.headers.location)}?wait=20s`);
  t.equal(result.statusCode, 200);
  t.match(result.json<Diagnosis>(), { running: false, result: { verdict: 'unhealthy' } });
});

t.test('GET gives the last result while the next one runs', async (t) => {
  const { post, get } = await api(t);
  await post('app-1');
  await post('app-1', '');
  t.match((await get(urlOf('app-1'))).json<Diagnosis>(), {
    running: true,
    started_at: /Z$/,
    finished_at: /Z$/,
    result: { verdict: 'unhealthy' },
  });
});

t.test('a wait that is over before the diagnosis has ended: it runs on', async (t) => {
  const { post } = await api(t);
  const answer = await post('hangs', '?wait=10ms');
  t.equal(answer.statusCode, 202);
  t.match(answer.json<Diagnosis>(), { running: true, result: null });
});

t.test('one for each backend: a second POST joins the one that runs', async (t) => {
  const { post } = await api(t);
  const first = (await post('hangs', '')).json<Diagnosis>();
  const second = await post('hangs', '');
  t.equal(second.statusCode, 202);
  t.equal(second.json<Diagnosis>().started_at, first.started_at);
});

t.test('two at a time: a third is told when to come again', async (t) => {
  const { post } = await api(t);
  await post('hangs', '');
  await post('hangs-too', '');
  const third = await post('app-1');
  t.equal(third.statusCode, 429);
  t.match(third.json(), { code: 'diagnosis_limit', detail: /At most 2 diagnoses of one caller/ });
  const retryAfter = Number(third.headers['retry-after']);
  t.ok(retryAfter >= 1 && retryAfter <= 20, String(retryAfter));
  t.equal((await post('hangs', '')).statusCode, 202, 'joining one that runs is always possible');
});

t.test('when to come again does not depend on the wall clock, which may be set meanwhile', async (t) => {
  const { post } = await api(t);
  await post('hangs', '');
  await post('hangs-too', '');
  const clock = wallClock(t);
  for (const step of [-3_600_000, 7_200_000]) {
    clock.step(step);
    const retryAfter = Number((await post('app-1')).headers['retry-after']);
    // A machine that is slow may have used up some of the 20 s; with the clock forward it would be 1 at once.
    t.ok(retryAfter > 1 && retryAfter <= 20, String(retryAfter));
  }
});

t.test('one that takes too long is ended, and its place is free again', async (t) => {
  const { post } = await api(t, { limitMs: 200 });
  t.match((await post('hangs')).json<Diagnosis>(), { running: false, result: null, failure: 'it took too long and was ended' });
  for (const backend of ['hangs', 'hangs-too', 'hangs']) t.equal((await post(backend)).statusCode, 200, 'no place is lost');
});

t.test('a process that fails, crashes or ends is reported, and the log has what it wrote, without secrets', async (t) => {
  const { post, lines } = await api(t);
  t.match((await post('fails')).json<Diagnosis>(), { result: null, failure: 'it could not look' });
  t.match((await post('ends')).json<Diagnosis>(), { failure: /ended without a result \(exit code 7\)/ });
  const crashed = await post('crashes');
  t.match(crashed.json<Diagnosis>(), { failure: /ended without a result \(exit code 1\)/ });
  const line = lines.find(({ msg }) => msg === 'the diagnosis of web/crashes failed');
  t.match(line, { level: 50, output: /crashed with .*\[redacted\]/ });
  t.notMatch(JSON.stringify(lines) + crashed.body, 'hidden');
});

t.test('a diagnosis that failed replaces the last result', async (t) => {
  const { post, get } = await api(t);
  await post('fails');
  t.match((await get(urlOf('fails'))).json<Diagnosis>(), { running: false, finished_at: /Z$/, failure: /./ });
});

t.test('what is not there is a problem document', async (t) => {
  const { post, get } = await api(t);
  for (const [answer, code] of [
    [await get(urlOf('app-1')), 'diagnosis_not_found'],
    [await get(urlOf('app-9')), 'backend_not_found'],
    [await post('app-9'), 'backend_not_found'],
    [await get('/v1/listeners/wib/backends/app-1/diagnosis'), 'listener_not_found'],
  ] as const) {
    t.equal(answer.statusCode, 404);
    t.equal(answer.json<{ code: string }>().code, code);
  }
  t.match((await post('app-1', '?wait=soon')).json(), { status: 400, detail: /`wait` must be a value such as 20s/ });
});

t.test('a page of another site cannot start one', async (t) => {
  const { post } = await api(t);
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    const answer = await post('app-1', '', headers);
    t.match([answer.statusCode, answer.json<{ code: string }>().code], [403, 'forbidden'], JSON.stringify(headers));
  }
  const own = [
    {},
    { 'sec-fetch-site': 'same-origin', origin: 'http://vitald:8248' },
    { origin: 'http://vitald:8248' },
    { 'sec-fetch-site': 'none' },
  ];
  for (const headers of own) t.equal((await post('app-1', '?wait=20s', headers)).statusCode, 200, JSON.stringify(headers));
});

t.test('other methods are told which there are', async (t) => {
  const { app } = await appOf(new FrontWorld({ web: { backends: ['app-1'] } }));
  t.teardown(() => app.close());
  const answer = await app.inject({ method: 'DELETE', url: urlOf('app-1') });
  t.equal(answer.statusCode, 405);
  t.equal(answer.headers.allow, 'GET, HEAD, POST');
});

t.test('closing ends what runs, and releases who waits', async (t) => {
  const { post, diagnoses } = await api(t);
  const waiting = post('hangs');
  await eventually('the start of a diagnosis', () => diagnoses.of('web', 'hangs')?.running !== undefined);
  const { child } = diagnoses.of('web', 'hangs')!.running!;
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  diagnoses.close();
  t.equal((await waiting).statusCode, 202);
  t.equal(await ended, 'SIGKILL');
});

/** Answers that the check does not accept: the first finding is the true cause. */
import t from 'tap';
import { selfSigned } from '../../../support/certificates.js';
import { expectFindings, health, linesAreValid, onHttp, status } from './expect.js';
import { diagnoseService, httpServer, subjectAt } from './world.js';

// Most of the time is waiting.
t.jobs = 6;

onHttp(
  'a backend that answers as it should has no findings',
  status(() => 200),
  {},
  { findings: [] },
);

onHttp(
  '404 while / is 200: the path is wrong',
  status(({ url }) => (url === '/' ? 200 : 404)),
  health,
  {
    findings: ['certain path_not_found'],
    summary: /The page \/health does not exist on the backend \(HTTP 404\); the path \/ is answered with HTTP 200/,
    mended: true,
  },
);

for (const code of [405, 501]) {
  onHttp(
    `${code} to HEAD while GET is 200: the method is not supported`,
    status(({ method }) => (method === 'GET' ? 200 : code)),
    health,
    {
      findings: ['certain method_unsupported'],
      summary: new RegExp(`does not serve HEAD here: HEAD gets HTTP ${code}, GET gets HTTP 200`),
      mended: true,
    },
  );
}

for (const how of ['destroy', 'resetAndDestroy'] as const) {
  onHttp(
    `a connection that ends by ${how} after HEAD while GET is 200: the method is not supported`,
    ({ method, socket }, response) => (method === 'HEAD' ? socket[how]() : response.end()),
    {},
    { findings: ['certain method_unsupported'], mended: true },
  );
}

onHttp(
  'GET is refused while HEAD is 200: the other way round',
  status(({ method }) => (method === 'HEAD' ? 200 : 405)),
  { options: { method: 'GET' } },
  {
    findings: ['certain method_unsupported'],
    mended: true,
  },
);

onHttp(
  '404 from the default site: the name in Host is likely missing, the path possibly wrong',
  status(({ headers }) => (headers.host === 'www.example.com' ? 200 : 404)),
  health,
  {
    findings: ['likely host_header_needed', 'possible path_not_found'],
    summary: /HTTP 404, and the check names no site, only the address 127\.0\.0\.1:\d+/,
    mended: true,
  },
);

onHttp(
  '400 to a name that is not allowed: the name in Host is likely missing',
  status(({ headers }) => (headers.host === 'www.example.com' ? 200 : 400)),
  {},
  {
    findings: ['likely host_header_needed', 'possible status_not_expected'],
    mended: true,
  },
);

onHttp(
  'a name that the backend knows is found',
  status(({ headers }) => (headers.host === 'localhost' ? 200 : 404)),
  {},
  {
    findings: ['certain host_header_needed'],
    summary: /HTTP 200 to the name localhost/,
    mended: true,
  },
);

onHttp(
  'the check names a site that the backend does not know',
  status(({ headers }) => (headers.host?.startsWith('127.') ? 200 : 404)),
  { options: { host: 'old.example' } },
  {
    findings: ['certain host_header_needed'],
    summary: /does not know the name old\.example/,
    mended: true,
  },
);

onHttp(
  'the wrong site gives 200, and the check cannot know: no findings',
  status(() => 200),
  { options: { host: 'any.example' } },
  { findings: [] },
);

onHttp(
  'a redirect to https',
  status(() => 301, { Location: 'https://www.example.com/health' }),
  health,
  {
    findings: ['certain redirected'],
    summary: /redirects \/health to "https:\/\/www\.example\.com\/health" \(HTTP 301\)/,
  },
);

onHttp(
  'a redirect to the same page with a slash is followed',
  status(({ url }) => (url === '/health/' ? 200 : 302), { Location: '/health/' }),
  health,
  {
    findings: ['certain redirected'],
    summary: /there the answer is HTTP 200/,
    mended: true,
  },
);

onHttp(
  'a redirect to another name is followed on the backend',
  status(({ headers }) => (headers.host === 'www.example.com' ? 200 : 301), { Location: 'http://www.example.com/' }),
  {},
  {
    findings: ['certain redirected'],
    mended: true,
  },
);

onHttp(
  'a redirect that leads to itself is called a loop',
  status(() => 302, { Location: '/health' }),
  health,
  {
    findings: ['certain redirected'],
    summary: /it leads to itself, a loop/,
  },
);

onHttp(
  'an application behind a balancer that takes the TLS off wants to be told so',
  status(({ headers }) => (headers['x-forwarded-proto'] === 'https' ? 200 : 301), { Location: 'https://www.example.com/' }),
  {},
  {
    findings: ['certain redirected'],
    mended: true,
  },
);

onHttp(
  'a hostile Location is shown, and leads nowhere',
  status(() => 301, { Location: 'javascript:alert(1)//\u00a0${HOME}' }),
  {},
  {
    findings: ['certain redirected'],
    summary: /to "javascript:alert\(1\)\/\/\\u00a0\$\{HOME\}"/,
  },
);

onHttp(
  '401: a login is needed',
  status(() => 401, { 'WWW-Authenticate': 'Basic realm="x"' }),
  {},
  {
    findings: ['certain login_needed'],
    summary: /needs a login \(HTTP 401, it asks for "Basic realm=/,
    mended: true,
  },
);

onHttp(
  '401 to a login that is wrong',
  status(() => 401),
  { options: { headers: { Authorization: 'Basic c2VjcmV0' } } },
  {
    findings: ['certain login_needed'],
    summary: /refuses the login of the check/,
  },
);

onHttp(
  '403 for this page, while / is free',
  status(({ url }) => (url === '/' ? 200 : 403)),
  health,
  {
    findings: ['likely login_needed'],
    summary: /forbids the page \/health to the check \(HTTP 403\)/,
    mended: true,
  },
);

onHttp(
  '503 is the application’s error',
  status(() => 503),
  {},
  {
    findings: ['certain application_error'],
    summary: /answers \/ with an error, HTTP 503.*an application that knows it is not ready/,
  },
);

onHttp(
  '500 of one page while / is 200: it is that page',
  status(({ url }) => (url === '/' ? 200 : 500)),
  health,
  {
    findings: ['certain application_error'],
    summary: /so that it is this page that fails/,
  },
);

onHttp(
  'an error that comes and goes is not certain',
  (() => {
    let count = 0;
    return status(() => (++count <= 3 || count > 5 ? 503 : 200));
  })(),
  {},
  { findings: ['likely method_unsupported'] },
);

onHttp(
  'another status than the expected one, with the lines that accept it',
  status(() => 204),
  { options: { expected_status: [200] } },
  {
    findings: ['certain status_not_expected'],
    summary: /HTTP 204, and the check expects 200/,
    mended: true,
  },
);

onHttp(
  'HTTP/1.0 is refused',
  status(({ httpVersion }) => (httpVersion === '1.0' ? 505 : 200)),
  { options: { http_version: '1.0' } },
  {
    findings: ['certain status_not_expected'],
    summary: /does not serve HTTP\/1\.0/,
    mended: true,
  },
);

t.test('a redirect to https on another port of the backend is followed there', async (t) => {
  const secure = await httpServer(
    status(() => 200),
    selfSigned(['127.0.0.1']),
  );
  t.teardown(() => secure.close());
  const plain = await httpServer(status(() => 308, { Location: `https://127.0.0.1:${secure.port}/` }));
  await expectFindings(
    t,
    plain,
    { backendPort: secure.port },
    {
      findings: ['certain redirected'],
      summary: /there the answer is HTTP 200/,
      mended: true,
    },
  );
});

t.test('secrets of the check are in no finding and no step', async (t) => {
  const server = await httpServer(status(() => 401));
  t.teardown(() => server.close());
  const subject = subjectAt(server.port, { options: { headers: { Authorization: 'Bearer geheim', 'X-Api-Key': 'geheim' } } });
  const { findings, steps } = await diagnoseService(subject);
  t.notMatch(JSON.stringify([findings, [...steps]]), /geheim/);
  t.match(JSON.stringify(findings), /with Authorization, X-Api-Key/);
});

linesAreValid();

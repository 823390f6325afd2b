/** The same over nginx and HAProxy, as people run them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../../support/certificates.js';
import { Child } from '../../../support/child.js';
import { eventually } from '../../../support/eventually.js';
import { missingTools } from '../../../support/lab/requirements.js';
import { closedTcpPort } from '../../../support/loopback.js';
import { type Expected, expectFindings, linesAreValid } from './expect.js';
import type { Given } from './world.js';

const skip = missingTools(['nginx', 'haproxy']) ?? false;
const folder = mkdtempSync(join(tmpdir(), 'vitald-diagnose-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('connect', () => (socket.destroy(), resolve(true)))
      .on('error', () => resolve(false));
  });

async function start(command: readonly string[], port: number): Promise<Child> {
  const child = new Child(command);
  await eventually(command[0]!, async () => {
    if (child.hasEnded) throw new Error(child.errLines.join('\n'));
    return await listens(port);
  });
  return child;
}

const identity = selfSigned(['app.example']);

async function nginx(server: (port: number) => string): Promise<{ port: number; child: Child }> {
  const port = await closedTcpPort('127.0.0.1');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  const config = file(
    `nginx-${port}.conf`,
    `daemon off; master_process off; user root; pid ${folder}/pid-${port}; error_log ${folder}/error.log;
     events {} http { access_log off; ${temporary} ${server(port)} }`,
  );
  return { port, child: await start(['nginx', '-c', config, '-e', `${folder}/error.log`], port) };
}

const tlsLines = `ssl_certificate ${file('cert.pem', identity.cert)}; ssl_certificate_key ${file('key.pem', identity.key)};`;

const cases: readonly {
  readonly says: string;
  readonly server: (port: number) => string;
  readonly given: Given;
  readonly expected: Expected;
}[] = [
  {
    says: 'nginx: a site that is not the default one',
    server: (port) =>
      `server { listen 127.0.0.1:${port} default_server; return 404; } server { listen 127.0.0.1:${port}; server_name app.example; return 200; }`,
    given: {},
    expected: { findings: ['likely host_header_needed', 'possible path_not_found'] },
  },
  {
    says: 'nginx: a default site that ends connections (444)',
    server: (port) =>
      `server { listen 127.0.0.1:${port} default_server; return 444; } server { listen 127.0.0.1:${port}; server_name localhost; return 200; }`,
    given: {},
    expected: { findings: ['certain host_header_needed'], mended: true },
  },
  {
    says: 'nginx: plain HTTP to its TLS port',
    server: (port) => `server { listen 127.0.0.1:${port} ssl; ${tlsLines} return 200; }`,
    given: {},
    expected: { findings: ['certain plain_check_on_tls_port'], mended: true },
  },
  {
    says: 'nginx: TLS to its plain port',
    server: (port) => `server { listen 127.0.0.1:${port}; return 200; }`,
    given: { type: 'https' },
    expected: { findings: ['certain tls_check_on_plain_port'], mended: true },
  },
  {
    says: 'nginx: a client certificate is demanded',
    server: (port) =>
      `server { listen 127.0.0.1:${port} ssl; ${tlsLines} ssl_verify_client on; ssl_client_certificate ${folder}/cert.pem; return 200; }`,
    given: { type: 'https' },
    expected: { findings: ['likely host_header_needed', 'possible status_not_expected', 'possible login_needed'] },
  },
  {
    says: 'nginx: everything to https',
    server: (port) => `server { listen 127.0.0.1:${port}; return 301 https://$host$request_uri; }`,
    given: { options: { path: '/health' } },
    expected: { findings: ['certain redirected'], summary: /to "https:\/\/127\.0\.0\.1\/health"/ },
  },
  {
    says: 'nginx: HEAD is refused',
    server: (port) => `server { listen 127.0.0.1:${port}; if ($request_method = HEAD) { return 405; } location / { return 200; } }`,
    given: {},
    expected: { findings: ['certain method_unsupported'], mended: true },
  },
  {
    says: 'nginx: a file that is not there',
    server: (port) => `server { listen 127.0.0.1:${port}; location = / { return 200; } location / { root ${folder}; } }`,
    given: { options: { path: '/health.html' } },
    expected: { findings: ['certain path_not_found'], mended: true },
  },
  {
    says: 'nginx: a password is needed',
    server: (port) => `server { listen 127.0.0.1:${port}; auth_basic "staff"; auth_basic_user_file ${file('users', '')}; root ${folder}; }`,
    given: {},
    expected: { findings: ['certain login_needed'], summary: /it asks for "Basic realm=/, mended: true },
  },
  {
    says: 'nginx: the application behind it is gone',
    server: (port) => `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:1; } }`,
    given: {},
    expected: {
      findings: ['certain application_error'],
      summary: /HTTP 502.*what a proxy says when the application behind it does not answer/,
    },
  },
  {
    says: 'nginx: a healthy site',
    server: (port) => `server { listen 127.0.0.1:${port}; default_type text/html; return 200 fine; }`,
    given: {},
    expected: { findings: [] },
  },
];

for (const { says, server, given, expected } of cases) {
  t.test(says, { skip }, async (t) => {
    const { port, child } = await nginx(server);
    await expectFindings(t, { port, close: async () => void (await child.stop()) }, given, expected);
  });
}

t.test('HAProxy: no server is left', { skip }, async (t) => {
  const port = await closedTcpPort('127.0.0.1');
  const config = file(
    'haproxy.cfg',
    `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${port}
  default_backend none
backend none
`,
  );
  const child = await start(['haproxy', '-f', config, '-db'], port);
  await expectFindings(t, { port, close: async () => void (await child.stop()) }, {}, { findings: ['certain application_error'] });
});

linesAreValid();

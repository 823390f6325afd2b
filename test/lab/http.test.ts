import type { RunningDaemon } from '../support/daemon.js';
import { selfSigned } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite, type LabTests } from '../support/lab/suite.js';

const nginx = new Nginx();
const identity = selfSigned(['app.example']);
const certificate = nginx.file('cert.pem', identity.cert);
const key = nginx.file('key.pem', identity.key);

/** The default site knows nothing: who asks without the right Host gets 404, as the clouds' documents warn. */
const servers = `
  server { listen 80 default_server; listen [::]:80 default_server; return 404; }
  server { listen 80; listen [::]:80; server_name app.example;
    location = / { return 200 "fine\\n"; }
    location = /broken { return 503; }
    location = /moved { return 301 /; }
    location = /login { return 401; }
    location / { return 404; }
  }
  server { listen 443 ssl; listen [::]:443 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200; }
  server { listen 81; return 200; }
`;

interface Case {
  /** A sentence; the name of the test. */
  readonly says: string;
  readonly check: object;
  readonly protocol?: 'http' | 'https';
  readonly port?: number;
  readonly address?: string;
  readonly gives: { readonly state: 'healthy' | 'unhealthy'; readonly reason: string; readonly detail?: RegExp };
}

const host = 'app.example';
const healthy = { state: 'healthy', reason: 'ok' } as const;
const mismatch = (code: number): Case['gives'] => ({ state: 'unhealthy', reason: 'status_mismatch', detail: new RegExp(`HTTP ${code}`) });
const v6 = { address: at.backend6 };
const tls = { protocol: 'https', port: 443 } as const;

const cases: readonly Case[] = [
  { says: 'HEAD with 200 passes', check: { host }, gives: healthy },
  { says: 'GET with 200 passes', check: { host, method: 'GET' }, gives: healthy },
  { says: 'HTTP/1.0 passes', check: { host, http_version: '1.0' }, gives: healthy },
  { says: 'a kept connection passes', check: { host, reuse: true }, gives: healthy },
  { says: '200 over IPv6 passes', check: { host }, ...v6, gives: healthy },
  { says: 'a path that is not there is status_mismatch', check: { host, path: '/nowhere' }, gives: mismatch(404) },
  { says: '503 is status_mismatch', check: { host, path: '/broken' }, gives: mismatch(503) },
  { says: 'a redirect is not followed: status_mismatch', check: { host, path: '/moved' }, gives: mismatch(301) },
  { says: 'a redirect passes where it is expected', check: { host, path: '/moved', expected_status: ['http_3xx'] }, gives: healthy },
  {
    says: 'a login page passes where 401 is expected',
    check: { host, path: '/login', expected_status: ['http_2xx', 401] },
    gives: healthy,
  },
  { says: 'the wrong Host meets the default site: status_mismatch', check: { host: 'other.example' }, gives: mismatch(404) },
  { says: 'the backend’s address as Host meets the default site too', check: {}, gives: mismatch(404) },
  { says: 'accepting http_4xx to get round that makes errors healthy', check: { expected_status: ['http_4xx'] }, gives: healthy },
  { says: 'HTTPS with a self-signed certificate passes', check: {}, ...tls, gives: healthy },
  { says: 'HTTPS over IPv6 passes', check: {}, ...tls, ...v6, gives: healthy },
  {
    says: 'a self-signed certificate is refused where it is verified',
    check: { tls: { verify: true, server_name: host } },
    ...tls,
    gives: { state: 'unhealthy', reason: 'tls_certificate_invalid', detail: /self.signed/ },
  },
  {
    says: 'a self-signed certificate passes where it is trusted by name',
    check: { tls: { verify: true, server_name: host, ca_file: certificate } },
    ...tls,
    gives: healthy,
  },
  {
    says: 'a trusted certificate for another name is refused',
    check: { tls: { verify: true, server_name: 'other.example', ca_file: certificate } },
    ...tls,
    gives: { state: 'unhealthy', reason: 'tls_certificate_invalid', detail: /other\.example/ },
  },
  { says: 'HTTP to a TLS port is status_mismatch: nginx answers 400', check: {}, port: 443, gives: mismatch(400) },
  {
    says: 'HTTPS to a plain port is tls_handshake_failed',
    check: {},
    protocol: 'https',
    port: 80,
    gives: { state: 'unhealthy', reason: 'tls_handshake_failed' },
  },
  {
    says: 'a closed port is connect_refused',
    check: {},
    port: 9,
    gives: { state: 'unhealthy', reason: 'connect_refused' },
  },
];

const config = {
  listeners: cases.map(({ check, protocol = 'http', port = 80, address = at.backend }, i) => ({
    name: `case-${i}`,
    protocol,
    check: { interval: '1s', timeout: '900ms', healthy_threshold: 1, unhealthy_threshold: 1, ...check },
    backends: [{ address, port, name: 'nginx' }],
  })),
};

interface World {
  readonly lab: Lab;
  /** One daemon checks the one nginx in every way at once. */
  readonly daemon: RunningDaemon;
}

labSuite<World>({
  tools: ['nginx'],
  nodes,
  async build(lab, t) {
    await joinRouted(lab);
    await nginx.start(lab, 'backend', servers);
    return { lab, daemon: await startDaemonIn(t, lab, 'checker', config) };
  },
  tests: {
    ...Object.fromEntries(
      cases.map(({ says, gives: { state, ...lastProbe } }, i): [string, LabTests<World>[string]] => [
        says,
        async (t, { daemon }) => {
          const backend = await daemon.backendWhen(
            `case-${i}`,
            'nginx',
            ({ last_probe }) => last_probe?.outcome !== 'indeterminate' && last_probe !== null,
          );
          t.match(backend, { state, last_probe: lastProbe });
        },
      ]),
    ),
    'what nginx is asked is what was configured': async (t) => {
      const lines = [/"HEAD \/ HTTP\/1\.1" 200/, /"GET \/ HTTP\/1\.1" 200/, /"HEAD \/ HTTP\/1\.0" 200/, /"HEAD \/broken HTTP\/1\.1" 503/];
      // nginx writes its log after it has answered.
      for (const line of lines) t.ok(await eventually(`${String(line)} in the log`, () => line.test(nginx.log('access'))));
    },
  },
});

/** A distinct secret at each place of the configuration that can hold one, and a search in all that vitald says. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { routes } from '#vitald/front/api/routes.js';
import { runToEnd } from '../support/child.js';
import { temporaryFolder } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/event-stream.js';
import { configOf, entry, start } from '../support/idle-daemon.js';
import { testToken } from '../support/tokens.js';

/** Each is long enough not to be met by chance, and says where it was. */
const canary = (place: string): string => `canary-${place}-7f3a`;
const places = [
  'path-value',
  'path-bare',
  'path-matrix',
  'header-authorization',
  'header-cookie',
  'header-api-key',
  'header-custom',
  'webhook-user',
  'webhook-password',
  'webhook-path',
  'webhook-query',
  'webhook-header',
  'webhook-custom-header',
  'webhook-secret',
  'alertmanager-password',
  'alertmanager-query',
  'alertmanager-header',
  'command-env',
] as const;
const at = Object.fromEntries(places.map((place) => [place, canary(place)])) as Record<(typeof places)[number], string>;

t.test('no secret of the configuration is shown to anybody, not even to an admin', async (t) => {
  // A backend that sends back what it was sent, in every part of an answer that vitald may quote.
  const echo = createServer((request, response) => {
    const sent = encodeURIComponent(JSON.stringify(request.headers));
    response.writeHead(302, {
      location: `http://127.0.0.1${request.url}&back=${sent.slice(0, 2000)}`,
      'www-authenticate': `Basic realm="${request.url}"`,
    });
    response.end(`${request.url} ${JSON.stringify(request.headers)}`);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.teardown(() => echo.close());
  const { port } = echo.address() as AddressInfo;
  const headers = {
    Authorization: `Bearer ${at['header-authorization']}`,
    Cookie: `session=${at['header-cookie']}`,
    'X-Api-Key': at['header-api-key'],
    'X-Custom': at['header-custom'],
  };
  const path = `/health;id=${at['path-matrix']}?token=${at['path-value']}&${at['path-bare']}`;
  const check = { type: 'http', interval: '1s', timeout: '500ms', path, headers };
  const tokens = { read: testToken('read'), operate: testToken('operate'), admin: testToken('admin') };
  const folder = temporaryFolder(t);
  const config = configOf(
    { tokens: Object.values(tokens).map(entry), unix_socket: { path: join(folder, 'api.sock') } },
    {
      outputs: {
        webhook: [
          {
            url: `http://${at['webhook-user']}:${at['webhook-password']}@127.0.0.1:9/${at['webhook-path']}?key=${at['webhook-query']}`,
            headers: { Authorization: at['webhook-header'], 'X-Custom': at['webhook-custom-header'] },
            secret: at['webhook-secret'],
          },
        ],
        alertmanager: [
          {
            url: `http://me:${at['alertmanager-password']}@127.0.0.1:9/?k=${at['alertmanager-query']}`,
            headers: { 'X-Scope': at['alertmanager-header'] },
          },
        ],
        command: [{ command: ['/bin/sh', '-c', 'echo $KEY >&2; exit 3'], env: { KEY: at['command-env'] } }],
      },
      listeners: [
        {
          name: 'web',
          port,
          check,
          backends: [
            { address: '127.0.0.1', name: 'app' },
            { address: '127.9.0.9', name: 'gone' },
          ],
        },
      ],
    },
  );
  const daemon = await start(t, config, folder, ['--log-level', 'trace']);
  const { url } = daemon;
  const heard: string[] = [];
  const stream = await EventStream.open(`${url}/v1/events?since=0`, { headers: tokens.read.headers });
  await eventually('both to be unhealthy', async () => {
    const { text } = await ask(url, '/v1/listeners/web/backends?state=unhealthy', tokens.read);
    return (JSON.parse(text) as { total: number }).total === 2;
  });
  const metrics = async (): Promise<string> => (await ask(url, '/metrics', tokens.read)).text;
  await eventually('the outputs to have failed', async () => {
    const { text } = await ask(url, '/v1/outputs', tokens.read);
    return (JSON.parse(text) as { outputs: { failures: number }[] }).outputs.every(({ failures }) => failures > 0);
  });
  for (const token of Object.values(tokens)) {
    for (const { method = 'GET', examples, url: template } of routes) {
      if (method !== 'GET' || template === '/v1/events') continue;
      for (const example of examples) {
        const path = example
          .replace('app-2', 'app')
          .replace('dns', 'web')
          .replace(/\?since=.*/, '');
        heard.push(`${path} ${(await ask(url, path, token)).text}`);
      }
    }
    for (const path of [
      '/',
      '/docs',
      '/openapi.json',
      '/docs/json',
      '/v1/listeners/web',
      '/v1/outputs',
      '/v1/audit',
      '/v1/listeners/web/backends/app',
      '/v1/listeners/web/backends/gone',
    ]) {
      heard.push(`${path} ${(await ask(url, path, token)).text}`);
    }
  }
  for (const backend of ['app', 'gone']) {
    const { status, text } = await ask(url, `/v1/listeners/web/backends/${backend}/diagnosis?wait=30s`, {
      ...tokens.admin,
      method: 'POST',
    });
    t.equal(status, 200);
    heard.push(`diagnosis ${text}`, (await ask(url, `/v1/listeners/web/backends/${backend}/diagnosis`, tokens.read)).text);
  }
  heard.push(await metrics(), JSON.stringify(stream.events));
  stream.cut();
  for (const format of [[], ['--json']]) {
    const { out, err } = await runToEnd([process.execPath, 'dist/main.js', 'check', '-c', daemon.configFile, '--print', ...format]);
    heard.push(`check --print ${out}${err}`);
  }
  const diagnosed = await runToEnd([process.execPath, 'dist/main.js', 'diagnose', 'web', 'app', '-c', daemon.configFile]);
  heard.push(`diagnose ${diagnosed.out}${diagnosed.err}`);
  const { out, err } = await daemon.stop();
  heard.push(`log ${out}${err}`);
  const all = heard.join('\n');
  t.ok(all.length > 50_000, 'much was said');
  t.match(all, '/health;id=[redacted]?token=[redacted]&[redacted]', 'names of parameters are shown');
  for (const [place, secret] of Object.entries(at)) {
    for (const form of [secret, encodeURIComponent(encodeURIComponent(secret)), Buffer.from(secret).toString('base64').slice(0, 16)]) {
      const where = heard.find((text) => text.includes(form));
      t.equal(
        where?.slice(Math.max(0, where.indexOf(form) - 150), where.indexOf(form) + 60),
        undefined,
        `${place} is in ${where?.slice(0, 40)}`,
      );
    }
  }
});

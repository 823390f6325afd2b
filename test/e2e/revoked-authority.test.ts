/** The real daemon after a SIGHUP that replaced the authority of client certificates. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import t from 'tap';
import { Authority } from '../support/authority.js';
import { temporaryFolder } from '../support/daemon.js';
import { ask } from '../support/entrances.js';
import { eventually } from '../support/eventually.js';
import { configOf, reload, start } from '../support/idle-daemon.js';
import { skipWithout } from '../support/tools.js';

t.test('a revoked authority: the open connection is refused, streams and held polls end', { skip: skipWithout('openssl') }, async (t) => {
  const folder = temporaryFolder(t);
  const [servers, clients, others] = ['servers', 'clients', 'others'].map((name) => new Authority(folder, name)) as [
    Authority,
    Authority,
    Authority,
  ];
  const server = servers.issue('vitald', 'DNS:localhost,IP:127.0.0.1');
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('tls.crt'), server.cert);
  writeFileSync(file('tls.key'), server.key);
  copyFileSync(clients.certFile, file('trusted.crt'));
  const config = configOf({
    tls: { cert_file: file('tls.crt'), key_file: file('tls.key'), client_ca_file: file('trusted.crt') },
    client_certificates: [{ name: 'controller', role: 'admin', subject_cn: 'controller' }],
  });
  const daemon = await start(t, config, folder);
  const { url } = daemon;
  const identity = { ca: servers.cert, ...clients.issue('controller', 'DNS:x') };
  const agent = new Agent({ ...identity, keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const status = await ask(url, '/v1/status', { agent });
  t.equal(status.status, 200);
  const { revision } = JSON.parse(status.text) as { revision: number };
  let isStreamClosed = false;
  const stream = get(`${url}/v1/events`, { ...identity, agent: false }, (response) => {
    response.on('error', () => undefined);
    response.resume().on('close', () => (isStreamClosed = true));
  });
  stream.on('error', () => undefined);
  await new Promise((resolve) => stream.once('response', resolve));
  const held = ask(url, `/v1/status?since=${revision}&wait=5m`, identity).then(
    ({ status }) => status,
    () => 'cut',
  );
  // By then it is held; on a machine that is very slow it may come later, and is refused.
  await ask(url, '/v1/status', identity);
  copyFileSync(others.certFile, file('trusted.crt'));
  t.match(await reload(daemon, config), [{ level: 'info' }]);
  t.ok(['cut', 401].includes(await held), 'the held poll is not answered');
  await eventually('the stream to end', () => isStreamClosed);
  t.equal((await ask(url, '/v1/status', { agent })).status, 401, 'the same connection');
  t.equal((await ask(url, '/v1/status', identity)).status, 401, 'a new one');
  await daemon.stop();
});

/** The page and the documentation of the API below a path of a reverse proxy: a real nginx with `location /vitald/`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Child } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { ownAddress } from '../support/own-address.js';

const missing = missingTools(['nginx']);
const skip = missing ?? false;
const proxy = `http://${ownAddress}:18342`;
const base = `${proxy}/vitald/`;

/** A daemon behind nginx, which has nothing else but `/vitald/`. */
async function behindNginx(t: Test): Promise<void> {
  const folder = temporaryFolder(t);
  const config = {
    server: { listen: `${ownAddress}:0`, state_dir: 'none' },
    listeners: [{ name: 'web', protocol: 'tcp', backends: ['127.0.0.1:9'] }],
  };
  const daemon = await RunningDaemon.start(t, folder, { config });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; ${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off; ${paths}
  server { listen ${new URL(proxy).host}; location / { return 404; } location /vitald/ { proxy_pass ${daemon.url}/; } }
}
`,
  );
  const nginx = new Child(['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')]);
  t.teardown(() => nginx.stop());
  await eventually('nginx', async () => (await fetch(`${base}healthz`).catch(() => undefined))?.ok === true);
}

const links = (html: string): string[] => [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link!);

/** Follows every link of a page, as a browser does. */
async function follow(t: Test, page: Response): Promise<number> {
  const found = links(await page.text()).filter((link) => !link.startsWith('data:'));
  for (const link of found) {
    const url = new URL(link, page.url).href;
    t.ok(url.startsWith(base), `${link} stays below /vitald/`);
    const { status } = await fetch(url);
    // No backend was probed yet when the daemon has just started.
    t.ok(status === 200 || (link === 'readyz' && status === 503), `${url}: ${status}`);
  }
  return found.length;
}

t.test('every link of the page works, and stays below the path', { skip }, async (t) => {
  await behindNginx(t);
  t.ok((await follow(t, await fetch(base))) >= 11);
  t.ok((await follow(t, await fetch(base.slice(0, -1)))) >= 11, 'also without the slash, which nginx appends');
});

t.test('the documentation works with and without a slash at its end, and by its file', { skip }, async (t) => {
  await behindNginx(t);
  for (const address of ['docs', 'docs/', 'docs?deep=link', 'docs/static/index.html']) {
    const page = await fetch(`${base}${address}`);
    t.equal(page.status, 200, address);
    t.equal(new URL(page.url).pathname, '/vitald/docs/', address);
    t.ok((await follow(t, page)) >= 4, address);
  }
});

t.test('the OpenAPI documents name the API where they are', { skip }, async (t) => {
  await behindNginx(t);
  for (const address of ['openapi.json', 'docs/json']) {
    const url = `${base}${address}`;
    const { servers } = (await (await fetch(url)).json()) as { servers: { url: string }[] };
    t.equal(new URL(servers[0]!.url, url).href, base, address);
  }
});

t.test('the command line reaches the daemon by the same address', { skip }, async (t) => {
  await behindNginx(t);
  const { exitCode, out } = await new Child([process.execPath, 'dist/main.js', 'status', '--api', base]).ended;
  t.equal(exitCode, 0);
  t.match(out, /web/);
});

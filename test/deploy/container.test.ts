import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { closedTcpPort } from '../support/loopback.js';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of the Dockerfile, with continued lines joined. */
function instructions(): Instruction[] {
  const lines = readFileSync('Dockerfile', 'utf8')
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', '')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name, text };
    });
}

const all = instructions();
/** Those of the last stage: the image. */
const image = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
const textsOf = (name: string, list = all): string[] => list.filter((one) => one.name === name).map(({ text }) => text);

t.test('both stages are of Node.js 24, by a tag that does not move to another version', async (t) => {
  t.same(textsOf('FROM'), ['node:24-bookworm AS build', 'node:24-bookworm-slim AS runtime']);
  t.equal(readFileSync('.nvmrc', 'utf8').trim(), '24', 'contributors use the same');
});

t.test('the image runs as a user without privileges', async (t) => {
  t.same(textsOf('USER', image), ['10001']);
  t.match(textsOf('RUN', image).join('\n'), /useradd --system --uid 10001 /);
});

t.test('the one capability is for raw sockets', async (t) => {
  t.same(
    textsOf('RUN')
      .join('\n')
      .match(/cap_\w+/g),
    ['cap_net_raw'],
  );
});

t.test('only production packages and the compiled program come from the stage with the compilers', async (t) => {
  t.equal(textsOf('RUN').filter((run) => run.startsWith('npm prune --omit=dev')).length, 1);
  const copied = textsOf('COPY', image).filter((copy) => copy.startsWith('--from='));
  t.same(
    copied.map((copy) => copy.split(' ')[1]),
    ['/build/package.json', '/build/node_modules', '/build/dist'],
  );
});

t.test('it is built by the command that the documents name', async (t) => {
  const build = 'npm run build';
  t.ok(textsOf('RUN').includes(build), 'Dockerfile');
  for (const document of ['README.md', 'docs/deployment.md', 'CONTRIBUTING.md']) {
    const text = readFileSync(document, 'utf8');
    t.ok(text.includes(build), document);
    t.notMatch(text, /tsc -b src|bundle-doctor/, `${document} describes no other way`);
  }
});

t.test('it stops by SIGTERM, is checked without curl, and runs the daemon', async (t) => {
  t.same(textsOf('STOPSIGNAL', image), ['SIGTERM']);
  t.match(textsOf('HEALTHCHECK', image)[0], /CMD \["node", "--disable-sigusr1", "\/opt\/vitald\/deploy\/container\/healthcheck\.mjs"\]/);
  t.same(textsOf('ENTRYPOINT', image), ['["/usr/bin/tini", "--", "node", "--disable-sigusr1", "/opt/vitald/dist/main.js"]']);
});

t.test('PID 1 is an init from the distribution, which stays in the image', async (t) => {
  const run = textsOf('RUN', image).join('\n');
  t.match(run, /apt-get install -y --no-install-recommends libcap2-bin tini /);
  t.match(run, /apt-get purge -y --auto-remove libcap2-bin /);
});

t.test('all that is copied is there, and .dockerignore lets it through', async (t) => {
  const allowed: string[] = readFileSync('.dockerignore', 'utf8').match(/(?<=^!).+$/gm) ?? [];
  const copied = textsOf('COPY').filter((copy) => !copy.startsWith('--from='));
  const sources = copied.flatMap((copy) => copy.split(/\s+/).slice(0, -1));
  t.ok(sources.length > 0);
  for (const source of sources) {
    t.ok(existsSync(source), source);
    t.ok(allowed.includes(source.split('/')[0]!), `.dockerignore lets ${source} through`);
  }
});

// The check of the container's health

async function healthcheck(url: string): Promise<number> {
  const child = spawn(process.execPath, ['deploy/container/healthcheck.mjs'], {
    // Both sides may have to wait for a processor here.
    env: { ...process.env, VITALD_HEALTH_URL: url, VITALD_HEALTH_TIMEOUT_MS: '60000' },
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

async function serving(t: Test, status: number): Promise<string> {
  const server: Server = createServer((_request, response) => void response.writeHead(status).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
}

t.test('a daemon that serves is well', async (t) => {
  t.equal(await healthcheck(await serving(t, 200)), 0);
});

t.test('a daemon that asks for credentials is well', async (t) => {
  t.equal(await healthcheck(await serving(t, 401)), 0);
});

t.test('a daemon that answers with an error is not well', async (t) => {
  t.equal(await healthcheck(await serving(t, 503)), 1);
});

t.test('a daemon that is not there is not well', async (t) => {
  t.equal(await healthcheck(`http://127.0.0.1:${await closedTcpPort('127.0.0.1')}/healthz`), 1);
});

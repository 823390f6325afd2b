/**
 * nginx as a proxy, HAProxy's `httpchk` and curl, asked what they think of the answers of servers on loopback. What each
 * accepts is read from what it does, not from its documentation.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { temporaryFolder } from '../daemon.js';
import { eventually } from '../eventually.js';
import { Haproxy } from '../haproxy.js';
import { closedTcpPort } from '../loopback.js';
import { NginxProxy } from '../nginx-proxy.js';

export const peers = ['nginx', 'haproxy', 'curl'] as const;
export type Peer = (typeof peers)[number];

/** Larger than any answer of the table: such limits are settings, not rules. */
const bufferKiB = 64;

/** A program that is asked about servers, by their ports. @returns whether it takes each answer for a 200 */
export type Survey = (t: Test, ports: readonly number[]) => Promise<boolean[]>;

export const surveys: Readonly<Record<Peer, Survey>> = {
  nginx: surveyNginx,
  haproxy: surveyHaproxy,
  curl: surveyCurl,
};

/** A location for each server. What nginx takes for HTTP/0.9 it passes on as it is, without a header of its own. */
async function surveyNginx(t: Test, ports: readonly number[]): Promise<boolean[]> {
  const folder = temporaryFolder(t);
  const port = await closedTcpPort('127.0.0.1');
  const nginx = NginxProxy.in(t, folder, `http://127.0.0.1:${port}/`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ');
  const locations = ports.map((backend) => `location = /${backend} { proxy_pass http://127.0.0.1:${backend}/; }`).join('\n');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `pid nginx.pid; error_log nginx-error.log notice; ${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off; ${paths}
  proxy_buffer_size ${bufferKiB}k; proxy_buffers 8 ${bufferKiB}k; proxy_busy_buffers_size ${bufferKiB}k;
  server { listen 127.0.0.1:${port}; location / { return 204; } ${locations} }
}
`,
  );
  await nginx.start();
  const answers = await Promise.all(ports.map((backend) => get(port, `/${backend}`)));
  return answers.map((text) => text.startsWith('HTTP/1.1 200') && text.includes('\r\nServer: nginx/'));
}

async function get(port: number, path: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

/** A backend section for each server; the words for the result of a check are those of `show stat` (L7OK: accepted). */
async function surveyHaproxy(t: Test, ports: readonly number[]): Promise<boolean[]> {
  const haproxy = new Haproxy(t, temporaryFolder(t));
  const section = (port: number): string =>
    `backend b${port}
    option httpchk GET /
    http-check expect status 200
    server s 127.0.0.1:${port} check inter 500ms fall 1 rise 1`;
  haproxy.write(`global
    stats socket ${haproxy.socket} mode 600 level admin
    tune.bufsize ${bufferKiB * 1024}
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout check 5s
${ports.map(section).join('\n')}
`);
  await haproxy.start();
  return Promise.all(
    ports.map((port) =>
      eventually(`a check of HAProxy on port ${port}`, async () => {
        const word = await haproxy.checkStatus(`b${port}`, 's');
        return /^L[467]/.test(word) && { accepts: word === 'L7OK' };
      }).then(({ accepts }) => accepts),
    ),
  );
}

async function surveyCurl(_t: Test, ports: readonly number[]): Promise<boolean[]> {
  const results: boolean[] = [];
  for (const port of ports) results.push(await curlAccepts(port));
  return results;
}

function curlAccepts(port: number): Promise<boolean> {
  const args = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '10', `http://127.0.0.1:${port}/`];
  return new Promise((resolve) => {
    execFile('curl', args, { env: { ...process.env, no_proxy: '*' } }, (error, out) => resolve(error === null && out === '200'));
  });
}

/** The versions that are installed, for the messages; undefined for a program that is not. */
export async function versionOf(peer: Peer): Promise<string | undefined> {
  const [program, flag] = ({ nginx: ['nginx', '-v'], haproxy: ['haproxy', '-v'], curl: ['curl', '--version'] } as const)[peer];
  return new Promise((resolve) => {
    execFile(program, [flag], (error, out, err) => resolve(error === null ? /\d+\.\d+\.\d+/.exec(out + err)?.[0] : undefined));
  });
}

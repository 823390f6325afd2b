/**
 * The programs that are compared, each started on the same targets at the same rate. All of them run in the network
 * namespace of the measurement, in the foreground, with their output thrown away.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '../support/process.js';

/** What is checked, and how often. */
export interface Load {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly intervalMs: number;
}

/** A checker at work. */
export interface Running {
  readonly pid: number;
  /** Resolves when its start is over; undefined where that takes no time. */
  readonly ready?: Promise<void>;
  stop(): Promise<void>;
}

export type Start = (folder: string, load: Load) => Running;

/** Starts a program in the foreground. It ends the measurement if it ends by itself. */
export function run(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors = (errors + String(bytes)).slice(-2000)));
  const exited = exit(child);
  let stopping = false;
  void exited.then(() => {
    if (!stopping) throw new Error(`${command} ended by itself:\n${errors}`);
  });
  return {
    pid: child.pid!,
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), 6000);
      await exited;
      clearTimeout(limit);
    },
  };
}

function exit(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
}

const apiPort = 18_300;

/** Options of the check in vitald's own words. */
export const vitald =
  (protocol: string, check: Readonly<Record<string, unknown>> = {}): Start =>
  (folder, { addresses, port, intervalMs }) => {
    const file = join(folder, 'vitald.json');
    const timeoutMs = Math.min(intervalMs, 500);
    const listener = {
      name: 'bench',
      protocol: protocol === 'ping' ? 'udp' : protocol,
      port,
      profile: 'native',
      check: { type: protocol, interval: `${intervalMs}ms`, timeout: `${timeoutMs}ms`, ...check },
      backends: addresses,
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ server: { listen: `127.0.0.1:${apiPort}`, state_dir: 'none' }, listeners: [listener] }));
    const running = run(process.execPath, ['dist/main.js', 'run', '-c', file, '--log-level', 'error']);
    return { ...running, ready: untilOk(`http://127.0.0.1:${apiPort}/readyz`) };
  };

/** Both of its threads run, and every backend has been probed. */
async function untilOk(url: string): Promise<void> {
  for (;;) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) return;
    await sleep(100);
  }
}

export const haproxy =
  (check: 'tcp' | 'http'): Start =>
  (folder, { addresses, port, intervalMs }) => {
    const file = join(folder, 'haproxy.cfg');
    const lines = [
      'defaults',
      `  mode ${check}`,
      '  timeout connect 1s',
      '  timeout client 1s',
      '  timeout server 1s',
      `  timeout check 500ms`,
      'backend bench',
      ...(check === 'http' ? ['  option httpchk HEAD /'] : []),
      `  default-server check inter ${intervalMs}ms fall 3 rise 2`,
      ...addresses.map((address, place) => `  server s${place} ${address}:${port}`),
      'frontend unused',
      '  bind 127.0.0.1:18252',
      '  default_backend bench',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return run('haproxy', ['-db', '-f', file]);
  };

/** The exporter, and a client that asks it for one probe after the other at the load's rate. */
export const blackboxExporter: Start = (folder, { addresses, port, intervalMs }) => {
  const file = join(folder, 'blackbox.yml');
  writeFileSync(file, 'modules:\n  http:\n    prober: http\n    http: { method: HEAD, preferred_ip_protocol: ip4 }\n');
  const exporter = run('prometheus-blackbox-exporter', [`--config.file=${file}`, '--web.listen-address=127.0.0.1:18253']);
  const client = run(process.execPath, [
    fileURLToPath(new URL('./blackbox-client.js', import.meta.url)),
    String(addresses.length),
    String(port),
    String(intervalMs),
  ]);
  return { pid: exporter.pid, stop: async () => void (await Promise.all([client.stop(), exporter.stop()])) };
};

/**
 * fping waits at least so long between any two pings. With a gap that it can sleep through it sends steadily, as a
 * checker does; with less it sends all that is due in one burst, which is cheaper and less punctual.
 */
export const fping =
  ({ gapMs }: { readonly gapMs: number }): Start =>
  (folder, { addresses, intervalMs }) => {
    const file = join(folder, 'targets');
    writeFileSync(file, `${addresses.join('\n')}\n`);
    const timeoutMs = String(Math.min(intervalMs, 500));
    return run('fping', ['-l', '-q', '-i', String(gapMs), '-t', timeoutMs, '-p', String(intervalMs), '-f', file]);
  };

/** SYNs and answers in a bare loop over the same raw socket: what a half-open probe costs at the very least. */
export const bareLoop: Start = (_folder, { addresses, port, intervalMs }) =>
  run(process.execPath, [
    fileURLToPath(new URL('./bare-loop.js', import.meta.url)),
    String(addresses.length),
    String(port),
    String(intervalMs),
  ]);

/** The common backend. */
export function nginx(folder: string, port: number): Running {
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log /dev/null;
    events { worker_connections 16384; }
    http {
      access_log off; keepalive_requests 100000000; keepalive_timeout 300s; lingering_close off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      server { listen ${port} backlog=16384; location / { return 200 "ok"; } location /counted { stub_status; } }
    }`,
  );
  return run('nginx', ['-c', file, '-e', '/dev/null']);
}

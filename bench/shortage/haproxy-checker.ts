/** HAProxy as a checker beside vitald: the same backends and settings, and its verdicts as its log reports them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Running } from '../peers/programs.js';
import type { CheckSettings, Checker, CheckedBackend } from './checker.js';
import type { ProbeCase } from './probe-cases.js';
import { VerdictBoard } from './verdict-board.js';

const logPort = 18_514;

function configuration(check: NonNullable<ProbeCase['haproxy']>, backends: readonly CheckedBackend[], settings: CheckSettings): string {
  const { intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold } = settings;
  const lines = [
    'global',
    `  log 127.0.0.1:${logPort} local0 notice`,
    'defaults',
    '  log global',
    `  mode ${check === 'tcp' ? 'tcp' : 'http'}`,
    // Of a check, HAProxy limits the connect by the smaller of `timeout connect` and `inter`, and the rest by `timeout check`.
    `  timeout connect ${timeoutMs}ms`,
    `  timeout check ${timeoutMs}ms`,
    '  timeout client 1s',
    '  timeout server 1s',
    'backend bench',
    ...(check === 'tcp' ? [] : ['  option httpchk HEAD /']),
    `  default-server check inter ${intervalMs}ms fall ${unhealthyThreshold} rise ${healthyThreshold}${check === 'https' ? ' check-ssl verify none' : ''}`,
    ...backends.map(({ name, address, port }) => `  server ${name} ${isIPv6(address) ? `[${address}]` : address}:${port}`),
    'frontend unused',
    '  bind 127.0.0.1:18252',
    '  default_backend bench',
  ];
  return `${lines.join('\n')}\n`;
}

export class HaproxyChecker implements Checker {
  readonly board = new VerdictBoard();
  readonly #folder: string;
  readonly #log: Socket;
  readonly #running: Running;

  private constructor(folder: string, log: Socket, running: Running) {
    this.#folder = folder;
    this.#log = log;
    this.#running = running;
    log.on('message', (message) => {
      const [, name, verdict] = /Server bench\/(\S+) is (UP|DOWN)/.exec(String(message)) ?? [];
      if (name !== undefined) this.board.set(name, verdict === 'UP', Date.now());
    });
  }

  static async start(
    check: NonNullable<ProbeCase['haproxy']>,
    backends: readonly CheckedBackend[],
    settings: CheckSettings,
  ): Promise<HaproxyChecker> {
    const folder = mkdtempSync(join(tmpdir(), 'vitald-haproxy-'));
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration(check, backends, settings));
    const log = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    log.bind(logPort, '127.0.0.1');
    await once(log, 'listening');
    const checker = new HaproxyChecker(folder, log, run('haproxy', ['-db', '-f', file]));
    // HAProxy begins with every server up, and logs only what changes.
    for (const { name } of backends) checker.board.set(name, true, Date.now());
    return checker;
  }

  get pid(): number {
    return this.#running.pid;
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    this.#log.close();
    rmSync(this.#folder, { recursive: true });
  }
}

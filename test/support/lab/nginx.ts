/** The real nginx as a backend. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../child.js';
import { eventually } from '../eventually.js';
import type { Lab } from './lab.js';

export class Nginx {
  readonly folder: string;
  #process: Child | undefined;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'vitald-nginx-'));
  }

  /** Puts a file beside the configuration. @returns its path */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** @param servers the `server` blocks */
  async start(lab: Lab, node: string, servers: string): Promise<void> {
    const config = this.file(
      'nginx.conf',
      `daemon off; master_process off; user root; pid ${this.folder}/pid; error_log ${this.folder}/error.log info;
events {}
http {
  access_log ${this.folder}/access.log;
  client_body_temp_path ${this.folder}/body; proxy_temp_path ${this.folder}/proxy; fastcgi_temp_path ${this.folder}/fastcgi;
  uwsgi_temp_path ${this.folder}/uwsgi; scgi_temp_path ${this.folder}/scgi;
  ${servers}
}`,
    );
    this.#process = lab.start(node, ['nginx', '-c', config, '-e', `${this.folder}/error.log`]);
    // It writes its pid when it listens.
    await eventually('nginx', () => {
      if (this.#process!.hasEnded) throw new Error(`nginx ended: ${this.#process!.errLines.join('\n')} ${this.log('error')}`);
      return this.log('pid') !== '';
    });
  }

  /** The text of its access or error log, or of its pid file; empty where there is none. */
  log(name: 'access' | 'error' | 'pid'): string {
    try {
      return readFileSync(join(this.folder, name === 'pid' ? name : `${name}.log`), 'utf8');
    } catch {
      return '';
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

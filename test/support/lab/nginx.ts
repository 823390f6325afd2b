/** The real nginx as a backend; it ends with its lab. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.js';
import type { Lab } from './lab.js';

export class Nginx {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'vitald-nginx-'));
    process.on('exit', () => rmSync(this.folder, { recursive: true, force: true }));
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
    const nginx = lab.start(node, ['nginx', '-c', config, '-e', `${this.folder}/error.log`]);
    // It writes its pid when it listens.
    await eventually('nginx', () => {
      if (nginx.hasEnded) throw new Error(`nginx ended: ${nginx.errLines.join('\n')} ${this.log('error')}`);
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
}

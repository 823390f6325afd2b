/** The real nginx as a load balancer on loopback, as a service would run it: a master with workers. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Child, runToEnd } from './child.js';
import { eventually } from './eventually.js';

export class NginxProxy {
  readonly folder: string;
  readonly url: string;
  #process: Child | undefined;

  private constructor(folder: string, url: string) {
    this.folder = folder;
    this.url = url;
  }

  /**
   * Nothing runs yet.
   *
   * @param folder with its `nginx.conf`, which names `nginx.pid` and `nginx-error.log` (level notice)
   * @param url where it will listen
   */
  static in(t: Test, folder: string, url: string): NginxProxy {
    const nginx = new NginxProxy(folder, url);
    t.teardown(() => nginx.stop());
    return nginx;
  }

  /** A configuration for `upstreams.conf` with an upstream `web`. */
  static withConfig(t: Test, folder: string, url: string): NginxProxy {
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ');
    writeFileSync(
      join(folder, 'nginx.conf'),
      `worker_processes 2; pid nginx.pid; error_log nginx-error.log notice; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http {
  access_log off; ${paths}
  include upstreams.conf;
  server { listen ${new URL(url).host}; location / { proxy_pass http://web; proxy_connect_timeout 1s; } }
}
`,
    );
    return NginxProxy.in(t, folder, url);
  }

  get upstreamFile(): string {
    return join(this.folder, 'upstreams.conf');
  }

  get testCommand(): string[] {
    return this.#command('-t');
  }

  get reloadCommand(): string[] {
    return this.#command('-s', 'reload');
  }

  /**
   * A reload command that notes when it starts, for {@link reloadStartsMs}. The log of nginx is no measure of when it was
   * called: a busy machine lets nginx take up the signal later, and several signals at once.
   */
  notedReloadCommand(): string[] {
    const program = join(this.folder, 'noted-reload');
    writeFileSync(program, `#!/bin/sh\ndate +%s%3N >> '${this.#reloadNotes}'\nexec "$@"\n`);
    chmodSync(program, 0o755);
    return [program, ...this.reloadCommand];
  }

  /** When the noted command was started, ms since the epoch, oldest first. */
  get reloadStartsMs(): number[] {
    if (!existsSync(this.#reloadNotes)) return [];
    return readFileSync(this.#reloadNotes, 'utf8').trim().split('\n').map(Number);
  }

  /** How often nginx has loaded its configuration again, by its log. */
  get reloads(): number {
    return this.#log.match(/\[notice\] .*: reconfiguring/g)?.length ?? 0;
  }

  async start(): Promise<void> {
    // A master that is killed leaves its workers; with this signal it ends them when the test is gone.
    const started = new Child(['setpriv', '--pdeathsig', 'TERM', ...this.#command('-g', 'daemon off;')]);
    this.#process = started;
    await eventually('nginx', async () => {
      if (started.hasEnded) throw new Error(`nginx ended: ${started.errLines.join('\n')}`);
      return (
        existsSync(join(this.folder, 'nginx.pid')) &&
        fetch(this.url).then(
          () => true,
          () => false,
        )
      );
    });
  }

  /** @returns what `nginx -t` has against the configuration as it is now; undefined where nothing */
  async complaint(): Promise<string | undefined> {
    const { exitCode, err } = await runToEnd(this.testCommand);
    return exitCode === 0 ? undefined : err;
  }

  async stop(): Promise<void> {
    await this.#process?.stop('SIGTERM');
    this.#process = undefined;
  }

  get #reloadNotes(): string {
    return join(this.folder, 'reload-starts');
  }

  get #log(): string {
    const file = join(this.folder, 'nginx-error.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  #command(...args: string[]): string[] {
    return ['nginx', '-p', this.folder, '-e', 'nginx-error.log', '-c', 'nginx.conf', ...args];
  }
}

/** An nginx output on a world of backends, with programs that stand in for nginx and note what they were asked. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import { nginxKind } from '#vitald/front/outputs/nginx/kind.js';
import type { Output, OutputState } from '#vitald/front/outputs/output.js';
import { FrontState } from '#vitald/front/view/state.js';
import type { Change } from '#vitald/messages.js';
import { temporaryFolder } from './daemon.js';
import { eventually } from './eventually.js';
import { epoch, reloaded, type FrontWorld } from './front-world.js';

/** Written by the stand-in for `nginx -t`, with what it tested, and for `nginx -s reload`. */
export interface Asked {
  readonly what: 'test' | 'reload';
  readonly at: number;
  /** The file that it found. */
  readonly text: string;
}

export class NginxOutputWorld {
  readonly folder: string;
  readonly path: string;
  readonly state: FrontState;
  readonly log: { level: string; message: string }[] = [];
  readonly #world: FrontWorld;
  #output: Output | undefined;

  constructor(t: Test, world: FrontWorld) {
    this.folder = temporaryFolder(t);
    this.path = join(this.folder, 'upstreams.conf');
    this.#world = world;
    this.state = new FrontState(world.planMessage(), reloaded, epoch);
    this.nginxSays('test', 'exit 0');
    this.nginxSays('reload', 'exit 0');
    t.teardown(() => this.close());
  }

  /** @param script what the stand-in does when it has noted that it was called: sh */
  nginxSays(what: 'test' | 'reload', script: string): void {
    const note = `{ date +%s%3N; cat '${this.path}' 2>/dev/null || echo NONE; printf '\\0'; } >> '${this.#notes(what)}'`;
    writeFileSync(this.#program(what), `#!/bin/sh\n${note}\n${script}\n`);
    chmodSync(this.#program(what), 0o755);
  }

  /** What the stand-ins were asked so far, in the order of time. */
  asked(what: 'test' | 'reload'): Asked[] {
    if (!existsSync(this.#notes(what))) return [];
    const notes = readFileSync(this.#notes(what), 'utf8').split('\0').slice(0, -1);
    return notes.map((note) => ({ what, at: Number(note.slice(0, note.indexOf('\n'))), text: note.slice(note.indexOf('\n') + 1) }));
  }

  start(options: object = {}): void {
    const record = (level: string) => (fields: unknown, message?: string) =>
      void this.log.push({ level, message: message ?? String(fields) });
    const log = { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
    this.#output = nginxKind.create({
      name: 'nginx',
      options: {
        path: this.path,
        test_command: [this.#program('test')],
        reload_command: [this.#program('reload')],
        command_timeout: '10s',
        // Shorter than the configuration permits: tests need not wait.
        min_interval: '20ms',
        ...options,
      },
      view: new BackendsView(this.state, completeBody),
      log: log as never,
      version: '1.2.3',
    });
    this.#output.start();
  }

  /** A probe that changes a state, told to the output. */
  turn(backend: string, to: 'healthy' | 'unhealthy', listener = 'web'): void {
    this.tell([this.#world.turn(listener, backend, to, to === 'healthy' ? 'ok' : 'connect_refused')]);
  }

  tell(changes: readonly Change[]): void {
    this.state.applyChanges(changes);
    this.#output!.changed(changes);
  }

  get outputState(): OutputState {
    return this.#output!.state();
  }

  stateWhen(wanted: (state: OutputState) => boolean): Promise<OutputState> {
    return eventually('the state of the output', () => wanted(this.outputState) && this.outputState).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(this.outputState)}`);
    });
  }

  /** When the other side has all that was told. */
  upToDate(): Promise<OutputState> {
    return this.stateWhen(({ state, revision }) => state === 'ok' && revision === this.state.changes.revision);
  }

  /** The file's `server` lines; undefined where there is no file. */
  get servers(): string[] | undefined {
    if (!existsSync(this.path)) return undefined;
    return readFileSync(this.path, 'utf8').match(/(?<=server )[^;]*/g) ?? [];
  }

  async close(): Promise<void> {
    await this.#output?.close();
    this.#output = undefined;
  }

  #program(what: string): string {
    return join(this.folder, `nginx-${what}`);
  }

  #notes(what: string): string {
    return join(this.folder, `asked-${what}`);
  }
}

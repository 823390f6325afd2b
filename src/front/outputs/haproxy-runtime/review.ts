/** What one run found that it cannot mend: a person has to. */
import { quoted } from '../../../config/problem.js';
import type { BackendsView, OutputBackend } from '../backends-view.js';
import type { ServerNames } from '../haproxy/names.js';
import type { HaproxyServer } from './servers-state.js';

/** Problems that are told in words; of the others only the number. */
const mostTold = 3;

export class Review {
  /** Servers of HAProxy that stand for a backend here. */
  servers = 0;
  /** Servers in a backend of HAProxy that stands for a listener, without a backend here: they are left alone. */
  unknownServers = 0;
  readonly #told: string[] = [];
  #others = 0;
  /** Servers by backend of HAProxy, of those backends that stand for a listener. */
  readonly #serversOf = new Map<string, number>();

  /** In one sentence for people; undefined where every server follows. */
  get problem(): string | undefined {
    if (this.#told.length === 0) return undefined;
    return `${this.#told.join('; ')}${this.#others > 0 ? `; and ${this.#others} more of this kind` : ''}`;
  }

  saw(server: HaproxyServer, backend: OutputBackend | undefined, names: ServerNames, view: BackendsView): void {
    const isOfListener = view.hasListener(names.listenerOf(server.backend));
    if (isOfListener) this.#serversOf.set(server.backend, (this.#serversOf.get(server.backend) ?? 0) + (backend === undefined ? 0 : 1));
    if (backend === undefined) {
      if (isOfListener) this.unknownServers++;
      return;
    }
    this.servers++;
    if (server.hasOwnCheck) {
      this.#note(
        `${server.backend}/${server.server} has a check of HAProxy, which would overrule vitald, so its health is not set: remove check from its line, or use haproxy_agent`,
      );
    }
  }

  /** @param answer what HAProxy said to it */
  refused(command: string, answer: string): void {
    this.#note(`HAProxy refuses ${quoted(command)}: ${quoted(answer)}${hintFor(answer)}`);
  }

  /** When all servers were seen. */
  finish(names: ServerNames, view: BackendsView): void {
    for (const backend of names.named) {
      if (!this.#serversOf.has(backend)) this.#note(`HAProxy has no backend ${backend} with servers`);
    }
    for (const [backend, servers] of this.#serversOf) {
      const listener = names.listenerOf(backend);
      const backends = view.size(listener);
      if (servers < backends) {
        this.#note(`only ${servers} of the ${backends} backends of listener ${listener} have a server in HAProxy's backend ${backend}`);
      }
    }
  }

  #note(problem: string): void {
    if (this.#told.length < mostTold) this.#told.push(problem);
    else this.#others++;
  }
}

function hintFor(answer: string): string {
  if (answer.startsWith('Permission denied')) return ' (the stats socket needs level admin)';
  if (answer.includes('tracking server')) return ' (name the server that it tracks under servers, and remove this one)';
  return '';
}

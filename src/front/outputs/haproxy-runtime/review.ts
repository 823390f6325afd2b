/** What one run found that it cannot mend: a person has to. */
import { quoted } from '../../../config/problem.js';
import type { BackendsView, OutputBackend } from '../backends-view.js';
import type { ServerNames } from '../haproxy/names.js';
import { Counterparts } from './counterparts.js';
import type { HaproxyServer } from './servers-state.js';

/** Problems with single servers that are told in words; of the others only the number. */
const mostTold = 3;
/** Problems with counterparts that are told in words. */
const mostCounterparts = 6;

export class Review {
  /** Servers of HAProxy that stand for a backend here. */
  servers = 0;
  /** Servers in a backend of HAProxy that stands for a listener, without a backend here: they are left alone. */
  unknownServers = 0;
  /** Listeners of this output that no server of HAProxy stands for. */
  listenersNotFollowed = 0;
  readonly #names: ServerNames;
  readonly #counterparts: Counterparts;
  readonly #told: string[] = [];
  #others = 0;
  #missing: readonly string[] = [];

  constructor(names: ServerNames, view: BackendsView) {
    this.#names = names;
    this.#counterparts = new Counterparts(names, view);
  }

  /** In one sentence for people; undefined where every server follows. */
  get problem(): string | undefined {
    const missing = this.#missing.slice(0, mostCounterparts);
    const others = this.#others + this.#missing.length - missing.length;
    const parts = [...missing, ...this.#told, ...(others > 0 ? [`and ${others} more of this kind`] : [])];
    return parts.length === 0 ? undefined : parts.join('; ');
  }

  saw(server: HaproxyServer, backend: OutputBackend | undefined): void {
    this.#counterparts.saw(server, backend);
    if (backend === undefined) {
      if (this.#names.listenerOf(server.backend) !== undefined) this.unknownServers++;
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
  finish(): void {
    this.#missing = this.#counterparts.problems();
    this.listenersNotFollowed = this.#counterparts.missingListeners().length;
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

/**
 * Who sends a request, and may that caller? Follows the plan in force: a token that a reload takes away is refused from
 * then on, and what it still has open is ended.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { AccessPlan } from '../../config/plan.js';
import { CodedError } from '../../errors.js';
import type { FrontState } from '../view/state.js';
import { anybody, anyReader, callerOfSocket, type Caller } from './caller.js';
import { ClientCertificates } from './client-certificates.js';
import { entranceOf } from '../http/entrance.js';
import type { Needed } from '../http/route.js';
import { isOwnName } from './host-names.js';
import { isOfOtherSite } from './other-sites.js';
import { mayDo } from './roles.js';
import { Tokens } from './tokens.js';

export class Access {
  readonly #state: FrontState;
  #plan: AccessPlan | undefined;
  #tokens = new Tokens([]);
  #certificates = new ClientCertificates([]);
  /** Requests that are being answered. */
  readonly #open = new Set<FastifyRequest>();

  constructor(state: FrontState) {
    this.#state = state;
  }

  get plan(): AccessPlan {
    const { access } = this.#state.model.plan.server;
    if (access !== this.#plan) {
      this.#plan = access;
      this.#tokens = new Tokens(access.tokens);
      this.#certificates = new ClientCertificates(access.clientCertificates);
    }
    return access;
  }

  /**
   * @param needed what the call asks of its caller; undefined: there is no such call
   * @throws CodedError unauthorized, misdirected or not_found
   */
  identify(request: FastifyRequest, needed: Needed | undefined): Caller {
    const { plan } = this;
    const isPublicPart = needed === 'metrics' || needed === 'health';
    const { kind, isExposed } = entranceOf(request.raw);
    if (kind === 'metrics') {
      if (isPublicPart) return anyReader;
      throw new CodedError('not_found', 'Only /metrics, /healthz and /readyz are served at this address.');
    }
    if (isPublicPart && plan.open.includes(needed)) return anyReader;
    const shown = this.#byCredentials(request, plan);
    if (shown !== undefined && 'caller' in shown) return shown.caller;
    if (kind === 'socket') return { name: callerOfSocket, role: plan.unixSocket?.role ?? 'read' };
    if (plan.tokens.length + plan.clientCertificates.length > 0) {
      throw new CodedError('unauthorized', shown?.refused ?? 'Send a token: `Authorization: Bearer TOKEN`.');
    }
    return withoutCredentials(request, plan, { needed, isExposed });
  }

  /** Whether a request, which need not be of the app, has credentials that are valid now. */
  hasCredentials(raw: IncomingMessage): boolean {
    try {
      const shown = this.#byCredentials({ headers: raw.headers, raw }, this.plan);
      return shown !== undefined && 'caller' in shown;
    } catch {
      return false;
    }
  }

  /** @throws CodedError forbidden where this caller may not do that, or a page of another site asks for it */
  check({ method, headers }: FastifyRequest, caller: Caller, needed: Needed): void {
    const changes = method !== 'GET' && method !== 'HEAD';
    if (changes && isOfOtherSite(headers)) throw new CodedError('forbidden', 'A page of another site may not ask for this.');
    const role = needed === 'metrics' || needed === 'health' ? 'read' : needed;
    if (!mayDo(caller.role, role)) {
      throw new CodedError('forbidden', `This takes the role ${role}; ${caller.name} has the role ${caller.role}.`);
    }
  }

  /** Takes note of a request that was let in, until its answer has ended. */
  track(request: FastifyRequest, answer: ServerResponse): void {
    this.#open.add(request);
    answer.once('close', () => this.#open.delete(request));
  }

  /**
   * Ends what callers have open who would not be let in any more, and gives the others the role that they have now. To be
   * called when a new plan is in force.
   */
  endRevoked(): void {
    for (const request of this.#open) {
      if (request.caller !== undefined && !this.#isStillAllowed(request, request.caller)) request.raw.socket.destroy();
    }
  }

  #isStillAllowed(request: FastifyRequest, { name }: Caller): boolean {
    const needed = request.is404 ? undefined : (request.routeOptions.config.access ?? 'read');
    try {
      const now = this.identify(request, needed);
      if (now.name !== name) return false;
      if (needed !== undefined) this.check(request, now, needed);
      request.caller = now;
      return true;
    } catch {
      return false;
    }
  }

  /** @throws CodedError unauthorized where a token was sent that is none */
  #byCredentials({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>, { tokens }: AccessPlan): ReturnType<ClientCertificates['of']> {
    const { authorization } = headers;
    if (authorization === undefined || tokens.length === 0) return this.#certificates.of(raw.socket);
    const caller = this.#tokens.callerOf(authorization);
    if (caller !== undefined) return { caller };
    throw new CodedError('unauthorized', 'The token is not known here; `vitald token` makes one and its entry for the configuration.');
  }
}

/**
 * Where the configuration asks for nothing.
 *
 * @throws CodedError unauthorized or misdirected
 */
function withoutCredentials(
  { headers }: FastifyRequest,
  { isInsecure, names }: AccessPlan,
  { needed, isExposed }: { needed: Needed | undefined; isExposed: boolean },
): Caller {
  // A reload took the credentials away, and moved `listen` to loopback; the address is still the old one.
  if (isExposed && !isInsecure) {
    throw new CodedError('unauthorized', 'The configuration has no credentials for this address any more; restart vitald to move it.');
  }
  // Health tells nothing of the inside, and who does not get it restarts vitald.
  if (needed === 'health') return anyReader;
  if (isOwnName(headers.host, names)) return anybody;
  const what = 'This API is not known by the host name of the request';
  throw new CodedError('misdirected', `${what}; ask by its address, or add the name to server.names.`);
}

/** Who sent a request. */
import type { FastifyRequest } from 'fastify';
import type { Role } from './roles.js';

export interface Caller {
  /** Name of the token, certificate or socket; for the audit log. */
  readonly name: string;
  readonly role: Role;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined before it was found out. */
    caller?: Caller;
  }
}

/** Whoever reaches an API that asks for no credentials. */
const anybody: Caller = { name: 'anonymous', role: 'admin' };

export function callerOf(request: FastifyRequest): Caller {
  return request.caller ?? anybody;
}

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

/** Whoever may open the Unix socket. */
export const callerOfSocket = 'unix-socket';
/** Whoever reaches an API that asks for no credentials. */
export const anybody: Caller = { name: 'anonymous', role: 'admin' };
/** Whoever asks for what is open, where others need credentials. */
export const anyReader: Caller = { name: 'anonymous', role: 'read' };

export function callerOf(request: FastifyRequest): Caller {
  return request.caller ?? anybody;
}

/** The client that limits count by: the name of its credentials, or else its address (IPv6: its /64). */
import type { FastifyRequest } from 'fastify';
import { anybody, anyReader } from './caller.js';
import { clientAddress } from '../http/client.js';

export function callerKey({ caller, raw }: Pick<FastifyRequest, 'caller' | 'raw'>): string {
  const isNamed = caller !== undefined && caller !== anybody && caller !== anyReader;
  return isNamed ? caller.name : clientAddress(raw.socket);
}

/** HTTP and HTTPS servers of the API, with the limits of all of them (http/limits.ts). */
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { handleClientError } from './client-error.js';
import { limits } from '../http/limits.js';
import { Pipelines } from './pipeline.js';
import { StuckAnswers } from './stuck-answers.js';

export interface TlsOptions {
  readonly files: SecureContextOptions;
  /** Whether clients are asked for certificates. Those that are not trusted come in, too: who they are, access/access.ts decides. */
  readonly asksForCertificates: boolean;
}

/** Does not listen yet. @param tls undefined: plain HTTP */
export function createHttpServer(handle: RequestListener, tls?: TlsOptions): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkingIntervalMs,
    // Refused in the app, with a problem document.
    requireHostHeader: false,
  };
  const server = tls === undefined ? createPlainServer(options) : createTlsServer({ ...options, ...tlsOptions(tls) });
  const stuck = new StuckAnswers(server);
  const pipelines = new Pipelines((request, response) => {
    stuck.watch(response, request.socket);
    handle(request, response);
  });
  server.on('request', (request, response) => pipelines.take(request, response));
  server.setTimeout(limits.idleMs);
  server.on('clientError', handleClientError);
  return server;
}

function tlsOptions({ files, asksForCertificates }: TlsOptions) {
  return { ...files, requestCert: asksForCertificates, rejectUnauthorized: false, handshakeTimeout: limits.handshakeTimeoutMs };
}

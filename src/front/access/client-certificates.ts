/** Finds whose client certificate a connection was made with. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientCertificatePlan } from '../../config/plan.js';
import type { Caller } from './caller.js';

/** What became of a connection's certificate: none, one that is nobody's, with the reason, or the caller's. */
export type CertificateResult = { readonly caller: Caller } | { readonly refused: string } | undefined;

export class ClientCertificates {
  readonly #plans: readonly ClientCertificatePlan[];
  /** A connection keeps its certificate; to take it apart for each request would cost more than the request. */
  readonly #results = new WeakMap<Socket, CertificateResult>();

  constructor(plans: readonly ClientCertificatePlan[]) {
    this.#plans = plans;
  }

  of(socket: Socket): CertificateResult {
    if (this.#plans.length === 0 || !(socket instanceof TLSSocket)) return undefined;
    if (this.#results.has(socket)) return this.#results.get(socket);
    const result = this.#examine(socket);
    this.#results.set(socket, result);
    return result;
  }

  #examine(socket: TLSSocket): CertificateResult {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    const now = Date.now();
    // Of one that is pinned nobody needs to vouch for the signature; it must still be of now.
    const isOfNow = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
    const { CN: commonName } = socket.getPeerCertificate().subject;
    const found = this.#plans.find(({ by, value }) => {
      switch (by) {
        case 'sha256_fingerprint':
          return isOfNow && value === fingerprint;
        case 'subject_cn':
          // More than one common name comes as a list: which of them would count?
          return socket.authorized && value === commonName;
        case 'san_dns':
          return socket.authorized && certificate.checkHost(value, { subject: 'never', wildcards: false }) !== undefined;
        default:
          return by satisfies never;
      }
    });
    if (found !== undefined) return { caller: { name: found.name, role: found.role } };
    if (!isOfNow) return { refused: 'The client certificate has expired, or is not valid yet.' };
    return { refused: socket.authorized ? 'No role is given to this client certificate.' : 'The client certificate is not trusted here.' };
  }
}

/** Finds whose client certificate a connection was made with. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientCertificatePlan } from '../../config/plan.js';
import type { Caller } from './caller.js';
import { isTrusted } from './client-trust.js';

/** What became of a connection's certificate: none, one that is nobody's, with the reason, or the caller's. */
export type CertificateResult = { readonly caller: Caller } | { readonly refused: string } | undefined;

/** What a connection's certificate says; it does not change, what is made of it does. */
interface Examined {
  readonly certificate: X509Certificate;
  readonly fingerprint: string;
  /** More than one common name comes as a list, and then none of them counts. */
  readonly commonName: unknown;
  /** Wall-clock ms since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** To take a certificate apart for each request would cost more than the request. */
const examined = new WeakMap<TLSSocket, Examined>();

export class ClientCertificates {
  readonly #plans: readonly ClientCertificatePlan[];

  constructor(plans: readonly ClientCertificatePlan[]) {
    this.#plans = plans;
  }

  /** Judges anew each time: certificates expire, and a reload changes who is trusted, while a connection stays open. */
  of(socket: Socket): CertificateResult {
    if (this.#plans.length === 0 || !(socket instanceof TLSSocket)) return undefined;
    const found = examine(socket);
    if (found === undefined) return undefined;
    const now = Date.now();
    if (found.validFrom > now || now > found.validTo) return { refused: 'The client certificate has expired, or is not valid yet.' };
    const isTrustedNow = isTrusted(socket);
    const plan = this.#plans.find((plan) => fits(plan, found, isTrustedNow));
    if (plan !== undefined) return { caller: { name: plan.name, role: plan.role } };
    return { refused: isTrustedNow ? 'No role is given to this client certificate.' : 'The client certificate is not trusted here.' };
  }
}

function fits({ by, value }: ClientCertificatePlan, { certificate, fingerprint, commonName }: Examined, isVouchedFor: boolean): boolean {
  switch (by) {
    case 'sha256_fingerprint':
      // A pinned certificate needs no valid signature.
      return value === fingerprint;
    case 'subject_cn':
      return isVouchedFor && value === commonName;
    case 'san_dns':
      return isVouchedFor && certificate.checkHost(value, { subject: 'never', wildcards: false }) !== undefined;
    default:
      return by satisfies never;
  }
}

function examine(socket: TLSSocket): Examined | undefined {
  const known = examined.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const found = {
    certificate,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    commonName: socket.getPeerCertificate().subject.CN as unknown,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  };
  examined.set(socket, found);
  return found;
}

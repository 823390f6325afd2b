/** Reads the backend's certificate. Every byte of it is the backend's: what is shown is escaped, what is used is checked. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { printable } from '../../../probes/printable.js';
import type { Certificate } from './facts.js';

const maxNames = 20;
const dnsName = /^(?=.{1,253}$)(?:\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/i;

/** @returns undefined where the handshake is not finished, or without a certificate */
export function certificateOf(socket: TLSSocket): Certificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  // Typed as an Error that is always there; it is a code, or null where there is nothing to refuse.
  const refused = socket.authorizationError as unknown as string | Error | null;
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate),
    namesShown: printable(certificate.subjectAltName ?? '', 200),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    error: refused ? String(refused instanceof Error ? refused.message : refused) : undefined,
  };
}

function namesOf(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice(4))
    .filter((name) => dnsName.test(name))
    .slice(0, maxNames);
}

/** A name as OpenSSL writes it has a line for each part. It may be missing (RFC 5280 §4.1.2.6). */
function oneLine(name: string | undefined): string {
  return printable((name ?? '').split('\n').join(', '), 120);
}

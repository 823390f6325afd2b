/** What the errors of TLS mean. */
import type { ErrnoVerdict } from '../errno.js';
import { printable } from '../printable.js';

/** What the commonest refusals mean; the others are named by OpenSSL's own word. */
const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority that signed the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority that signed the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority that signed the certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority that signed the certificate is not trusted',
};

/**
 * What an error says, where it is TLS's own; undefined where it is one of the connection below. With TLS 1.3 a backend
 * may refuse the handshake after the client has finished it and sent its request (RFC 8446 §4.4.2.4).
 *
 * @param finished the handshake was finished on this side
 * @param certificateRefused the handshake was fine, the certificate was not
 * @param name what the certificate should have been for
 */
export function verdictOfTlsError(
  error: NodeJS.ErrnoException,
  finished: boolean,
  certificateRefused: boolean,
  name: string,
): ErrnoVerdict | undefined {
  const code = error.code ?? '';
  if (certificateRefused) {
    // Node's own message quotes the names in the certificate: bytes of the backend.
    const detail =
      code === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? `the certificate is not for ${name}`
        : (certificateProblems[code] ?? `the certificate is refused: ${code}`);
    return { reason: 'tls_certificate_invalid', detail };
  }
  // Node reports an error of OpenSSL that it met while writing as EPROTO of `write`.
  if (error.syscall !== undefined && code !== 'EPROTO') return undefined;
  if (code === 'ECONNRESET' && finished) return undefined;
  if (code === 'ECONNRESET') return { reason: 'tls_handshake_failed', detail: 'the backend closed the connection during the handshake' };
  return { reason: 'tls_handshake_failed', detail: tlsDetail(code, (error as { reason?: unknown }).reason) };
}

function tlsDetail(code: string, reason: unknown): string {
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_RECORD_LAYER_FAILURE':
      return 'what came back is not TLS: the port may speak plain text';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return 'the backend speaks no TLS version from 1.2 on';
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
      return 'the backend demands a client certificate';
    default:
      return typeof reason === 'string' ? `OpenSSL: ${printable(reason, 80)}` : code;
  }
}

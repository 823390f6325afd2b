/** Why a daemon could not be asked, as a sentence that says what to do. */
import { CodedError } from '../../errors.js';
import { printable } from '../../probes/printable.js';
import type { ApiAddress } from './address.js';

/** @param error of node:http or a socket */
export function connectionError(error: unknown, address: ApiAddress): CodedError {
  if (error instanceof CodedError) return error;
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return new CodedError('daemon_unreachable', sentence(code, printable(message, 200), address), { cause: error });
}

function sentence(code: string, message: string, { text, socketPath, host }: ApiAddress): string {
  const elsewhere = 'name the daemon’s API with --api URL or VITALD_API';
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${text}; is vitald running? If it listens elsewhere, ${elsewhere}`;
    case 'ENOENT':
      return `there is no socket ${socketPath ?? text}; is vitald running? If it listens elsewhere, ${elsewhere}`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not connect to ${text}; ask as the owner of the socket, or as a member of its group`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} has no address; ${elsewhere}`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${text} cannot be reached from here (${code}); ${elsewhere}`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${text} closed the connection before a whole answer had come; was vitald stopped, or does it speak TLS there (https://)?`;
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return `${text} does not speak TLS as it should (${message}); is it http://?`;
  if (code.startsWith('HPE_')) return `what answers at ${text} is not HTTP; is it https://, or another program?`;
  if (isAboutCertificate(code)) {
    return `the certificate of ${text} is not trusted (${message}); name the authority that signed it with --ca-file, and the host as the certificate does`;
  }
  return `${text} could not be asked: ${message}`;
}

/** Codes of OpenSSL's verification as Node.js names them, and of the comparison of names. */
function isAboutCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|ALTNAME/.test(code);
}

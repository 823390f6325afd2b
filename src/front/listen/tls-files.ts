/** Reads certificate and key of the API, and says in words what is wrong with them. Never what is in the key. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsPlan } from '../../config/plan.js';
import { CodedError } from '../../errors.js';
import { readBounded } from '../../files/bounded-read.js';
import { FileRefused } from '../../files/regular-file.js';

const largestFileBytes = 1024 * 1024;
/** A certificate that ends sooner than that is told of. */
const warnDays = 14;
const dayMs = 86_400_000;

export interface TlsFiles {
  readonly options: SecureContextOptions;
  /** What works today, but not for long: a sentence. */
  readonly warning: string | undefined;
}

/**
 * @param now wall-clock ms since the epoch
 * @throws CodedError tls_not_usable
 */
export async function readTlsFiles({ certFile, keyFile, clientCaFile, minVersion }: TlsPlan, now: number): Promise<TlsFiles> {
  const cert = await readPem('server.tls.cert_file', certFile);
  const key = await readPem('server.tls.key_file', keyFile);
  const ca = clientCaFile === undefined ? undefined : await readPem('server.tls.client_ca_file', clientCaFile);
  const certificate = parsed('server.tls.cert_file', certFile, () => new X509Certificate(cert));
  const privateKey = parsed('server.tls.key_file', keyFile, () => createPrivateKey(key));
  if (ca !== undefined) parsed('server.tls.client_ca_file', clientCaFile!, () => new X509Certificate(ca));
  checkPair(certificate, privateKey, certFile, keyFile);
  const options: SecureContextOptions = { cert, key, minVersion: `TLSv${minVersion}`, ...(ca !== undefined && { ca }) };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new CodedError('tls_not_usable', `OpenSSL does not take ${certFile}: ${codeOf(error)}`);
  }
  return { options, warning: endingSoon(certificate, certFile, now) };
}

async function readPem(name: string, file: string): Promise<string> {
  try {
    return (await readBounded(file, { mostBytes: largestFileBytes })).toString('utf8');
  } catch (error) {
    const why = error instanceof FileRefused ? error.message : codeOf(error);
    throw new CodedError('tls_not_usable', `${name}: ${file} cannot be read: ${why}`);
  }
}

function parsed<T>(name: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const code = codeOf(error);
    const why = code === 'ERR_MISSING_PASSPHRASE' ? 'it has a passphrase, and must not' : `it is not PEM of the right kind (${code})`;
    throw new CodedError('tls_not_usable', `${name}: ${file} cannot be used: ${why}`);
  }
}

function checkPair(certificate: X509Certificate, key: KeyObject, certFile: string, keyFile: string): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new CodedError('tls_not_usable', `the key in ${keyFile} is not that of the first certificate in ${certFile}`);
}

function endingSoon({ validFrom, validTo }: X509Certificate, file: string, now: number): string | undefined {
  const days = (Date.parse(validTo) - now) / dayMs;
  if (days < 0) return `the certificate in ${file} has expired: ${validTo}`;
  if (Date.parse(validFrom) > now) return `the certificate in ${file} is not valid yet: ${validFrom}`;
  return days < warnDays ? `the certificate in ${file} expires in ${Math.floor(days)} days: ${validTo}` : undefined;
}

/** The code alone: messages of OpenSSL may say more than is good. */
function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

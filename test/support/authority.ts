/** A certificate authority for tests, by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from './certificates.js';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  readonly #folder: string;
  readonly #name: string;
  #serial = 0;

  /** @param folder for its files */
  constructor(folder: string, name = 'authority') {
    this.#folder = folder;
    this.#name = name;
    openssl('req', '-x509', ...newKey, '-keyout', this.#file('key'), '-out', this.certFile, '-days', '30', '-subj', `/CN=${name}`);
  }

  /** PEM of its own certificate. */
  get certFile(): string {
    return this.#file('crt');
  }

  get cert(): string {
    return readFileSync(this.certFile, 'utf8');
  }

  /** @param alternativeNames as openssl writes them: `DNS:localhost,IP:127.0.0.1` */
  issue(commonName: string, alternativeNames: string): Identity {
    const name = `${this.#name}-${++this.#serial}`;
    const at = (ending: string): string => join(this.#folder, `${name}.${ending}`);
    openssl('req', ...newKey, '-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${commonName}`);
    writeFileSync(at('ext'), `subjectAltName=${alternativeNames}\n`);
    const by = ['-CA', this.certFile, '-CAkey', this.#file('key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', at('csr'), ...by, '-days', '30', '-extfile', at('ext'), '-out', at('crt'));
    return { key: readFileSync(at('key'), 'utf8'), cert: readFileSync(at('crt'), 'utf8') };
  }

  #file(ending: string): string {
    return join(this.#folder, `${this.#name}.${ending}`);
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

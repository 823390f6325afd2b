/** Where a daemon's API is: `http://…`, `https://…`, `unix:/path/to/socket`. */
import { CodedError } from '../../errors.js';
import { printable } from '../../probes/printable.js';

export const defaultAddress = 'http://127.0.0.1:8248';

export interface ApiAddress {
  /** As it is shown to people. */
  readonly text: string;
  readonly secure: boolean;
  /** Path of a Unix socket; undefined: {@link host} and {@link port}. */
  readonly socketPath: string | undefined;
  readonly host: string;
  readonly port: number;
  /** Goes before every path; for a daemon behind a proxy. Empty, or without a slash at its end. */
  readonly prefix: string;
}

const unixScheme = 'unix:';
const examples = 'http://127.0.0.1:8248, https://lb-1.example.com:8248 or unix:/run/vitald/api.sock';

/** @throws CodedError usage */
export function parseAddress(text: string): ApiAddress {
  if (text.startsWith(unixScheme)) {
    const socketPath = text.slice(unixScheme.length).replace(/^\/\/(?=\/)/, '');
    if (!socketPath.startsWith('/')) throw notAnAddress(text);
    return { text: `${unixScheme}${socketPath}`, secure: false, socketPath, host: 'localhost', port: 0, prefix: '' };
  }
  if (!URL.canParse(text)) throw notAnAddress(text);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new CodedError(
      'usage',
      'the address of the API must not have a user or a password in it; give a token by VITALD_TOKEN or --token-file',
    );
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '' || url.search !== '' || url.hash !== '')
    throw notAnAddress(text);
  const secure = url.protocol === 'https:';
  const prefix = url.pathname.replace(/\/+$/, '');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { text: `${url.origin}${prefix}`, secure, socketPath: undefined, host, port: Number(url.port || (secure ? 443 : 80)), prefix };
}

function notAnAddress(text: string): CodedError {
  return new CodedError('usage', `${printable(text, 200)} is not the address of an API; write for example ${examples}`);
}

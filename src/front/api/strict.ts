/**
 * Refuses requests that two programs could read differently: a proxy in front of vitald and vitald itself must agree on
 * which host is asked, who asks, and where a request ends. RFC 9112 and RFC 9110; the parser of Node.js refuses some of
 * these already (two lengths, Content-Length beside Transfer-Encoding), but takes the first of two Host headers.
 */
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../errors.js';

/** Headers that have one value. Of two, Node.js ignores the second or joins them, which the client cannot have meant. */
const singular = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'last-event-id',
  'origin',
  'sec-fetch-site',
  'user-agent',
]);

const absoluteForm = /^https?:\/\/([^/?#@]+)([/?].*)?$/i;
/** RFC 3986, 3.2.2, with an optional port; may be empty (RFC 9112, 3.2). */
const hostSyntax = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:\d*)?$/;
/** Control characters, percent-encoded: no name has them, and they would be shown in logs. */
const encodedControl = /%([01][0-9a-f]|7f)/i;

/**
 * Makes `http://host/path` the same as `/path` with that Host: RFC 9112, 3.2.2.
 *
 * @returns the target in origin-form, or as it came where it is of no form that is accepted
 */
export function originForm(request: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const { url = '/' } = request;
  const [, host, rest = '/'] = absoluteForm.exec(url) ?? [];
  if (host === undefined) return url;
  request.headers.host = host;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** @param url the target after {@link originForm} @throws CodedError bad_request, unsupported_media_type, not_implemented */
export function refuseAmbiguous(raw: IncomingMessage, url: string): void {
  checkTarget(url, raw.method);
  checkHeaders(raw);
  checkCodings(raw);
}

/** True if a body follows the headers. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function checkTarget(url: string, method: string | undefined): void {
  if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    throw bad('The request target must be a path that begins with /, or http://HOST/PATH.');
  }
  if (!/^[\x21-\x7e]*$/.test(url)) throw bad('The request target has bytes that are not printable ASCII; percent-encode them.');
  if (url.includes('#')) throw bad('The request target has a fragment (#), which is not sent to servers; write # as %23.');
  if (encodedControl.test(url.split('?', 1)[0]!)) throw bad('The path has a percent-encoded control character.');
}

function checkHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!singular.has(name)) continue;
    if (seen.has(name)) throw bad(`The header ${name} may be given only once.`);
    seen.add(name);
  }
  const { host } = headers;
  if (httpVersion === '1.1' && host === undefined) throw bad('An HTTP/1.1 request must have a Host header (RFC 9112, 3.2).');
  if (host !== undefined && !hostSyntax.test(host)) throw bad('The Host header is not HOST or HOST:PORT.');
}

function checkCodings(raw: IncomingMessage): void {
  const { headers, httpVersion } = raw;
  const transfer = headers['transfer-encoding']?.trim().toLowerCase();
  if (transfer !== undefined && httpVersion === '1.0') throw bad('HTTP/1.0 has no Transfer-Encoding (RFC 9112, 6.1).');
  if (transfer !== undefined && transfer !== 'chunked') {
    throw new CodedError('not_implemented', 'The only Transfer-Encoding that is accepted is chunked.');
  }
  const content = headers['content-encoding']?.trim().toLowerCase();
  if (content !== undefined && content !== '' && content !== 'identity' && hasBody(raw)) {
    throw new CodedError('unsupported_media_type', 'A body with Content-Encoding is not accepted; send it as it is.');
  }
}

function bad(detail: string): CodedError {
  return new CodedError('bad_request', detail);
}

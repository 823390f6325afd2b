/**
 * Answers that stray from RFC 9112, and who takes them for a 200: vitald, and real programs (seen with nginx 1.22.1 as a
 * proxy, HAProxy 2.6.12 with `httpchk`, and curl 7.88.1). The rule of vitald: it accepts what HAProxy's check or at least
 * two of the three accept, and refuses the rest. A row that strays from the rule says why.
 */
import type { Peer } from './peers.js';

export interface AcceptanceRow {
  readonly what: string;
  /** The bytes that the backend sends, one byte for each character, before it closes. */
  readonly answer: string;
  /** Who of the three programs takes it for a 200. */
  readonly accepted: readonly Peer[];
  readonly vitald: 'accepts' | 'refuses';
  /** Why vitald does not follow the rule. */
  readonly because?: string;
}

const [nginx, haproxy, curl] = ['nginx', 'haproxy', 'curl'] as const;
const all: readonly Peer[] = [nginx, haproxy, curl];
const none: readonly Peer[] = [];

/** Why rows stray from the rule. */
const length = 'the status decides; where the body ends matters only for `reuse`, which then drops the connection';
const interim = 'RFC 9110 section 15.2: a client skips interim responses';

const ok = 'HTTP/1.1 200 OK\r\n';
const end = 'Content-Length: 0\r\n\r\n';
const header = (line: string): string => `${ok}${line}\r\n${end}`;
const status = (line: string): string => `${line}\r\n${end}`;

const row = (
  what: string,
  answer: string,
  accepted: readonly Peer[],
  vitald: AcceptanceRow['vitald'],
  because?: string,
): AcceptanceRow => ({
  what,
  answer,
  accepted,
  vitald,
  ...(because !== undefined && { because }),
});

export const acceptance: readonly AcceptanceRow[] = [
  // The status line
  row('an ordinary answer', status('HTTP/1.1 200 OK'), all, 'accepts'),
  row('two blanks before the code', status('HTTP/1.1  200 OK'), all, 'accepts'),
  row('five blanks before the code', status('HTTP/1.1     200 OK'), all, 'accepts'),
  row('a tab before the code', status('HTTP/1.1\t200 OK'), [haproxy], 'accepts'),
  row('a tab after the code', status('HTTP/1.1 200\tOK'), [haproxy, curl], 'accepts'),
  row('no reason phrase', status('HTTP/1.1 200'), all, 'accepts'),
  row('a blank and no reason phrase', status('HTTP/1.1 200 '), all, 'accepts'),
  row('a control character in the reason phrase', status('HTTP/1.1 200 O\x01K'), all, 'accepts'),
  row('NUL in the reason phrase', status('HTTP/1.1 200 O\0K'), [nginx, haproxy], 'accepts'),
  row('8-bit characters in the reason phrase', status('HTTP/1.1 200 \xc3\xa9\xff'), all, 'accepts'),
  row('an empty line before the status line', `\r\n${status('HTTP/1.1 200 OK')}`, [haproxy], 'accepts'),
  row('three empty lines before the status line', `\r\n\r\n\r\n${status('HTTP/1.1 200 OK')}`, [haproxy], 'accepts'),
  row('a bare LF before the status line', `\n${status('HTTP/1.1 200 OK')}`, [haproxy], 'accepts'),
  row('a blank before the status line', ` ${status('HTTP/1.1 200 OK')}`, none, 'refuses'),
  row('HTTP/1.0', status('HTTP/1.0 200 OK'), all, 'accepts'),
  row('HTTP/1.2', status('HTTP/1.2 200 OK'), [nginx, haproxy], 'accepts'),
  row('HTTP/1.10', status('HTTP/1.10 200 OK'), [nginx], 'refuses'),
  row('HTTP/0.9 in a status line', status('HTTP/0.9 200 OK'), [haproxy], 'accepts'),
  row('HTTP/2.0 in a status line', status('HTTP/2.0 200 OK'), all, 'accepts'),
  row('HTTP/2 in a status line', status('HTTP/2 200'), [curl], 'refuses'),
  row('lower case', status('http/1.1 200 OK'), [curl], 'refuses'),
  row('no version', status('HTTP 200 OK'), none, 'refuses'),
  row('no blank before the code', status('HTTP/1.1200 OK'), none, 'refuses'),
  row('a code of two digits', status('HTTP/1.1 20 OK'), none, 'refuses'),
  row('a code of four digits', status('HTTP/1.1 2000 OK'), none, 'refuses'),
  row('a code with a sign', status('HTTP/1.1 +200 OK'), none, 'refuses'),
  row('a code with a fraction', status('HTTP/1.1 200.1 OK'), [nginx, curl], 'accepts'),
  row('a code and text without a blank', status('HTTP/1.1 200OK'), [curl], 'refuses'),
  row('another protocol: ICY', status('ICY 200 OK'), none, 'refuses'),
  row('HTTP/0.9: a page and nothing else', '<html>200 OK</html>\r\n\r\n', none, 'refuses'),
  row('two CR before LF', 'HTTP/1.1 200 OK\r\r\nContent-Length: 0\r\n\r\n', [curl], 'refuses'),
  row('a CR in the reason phrase', 'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n', [curl], 'refuses'),
  row('bare LF after each line', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', all, 'accepts'),
  row('bare LF after the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', all, 'accepts'),
  row('a bare LF as the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n', all, 'accepts'),
  // Headers
  row('a control character in a header', header('Set-Cookie: a\x01b'), all, 'accepts'),
  row('an escape character in a header', header('X-A: \x1b[31m'), all, 'accepts'),
  row('DEL in a header', header('X-A: a\x7fb'), all, 'accepts'),
  row('NUL in a header', header('X-A: a\0b'), [haproxy], 'accepts'),
  row('8-bit characters in a header', header('X-A: \xc3\xa9\xff'), all, 'accepts'),
  row('a CR in a header', header('X-A: a\rb'), [curl], 'refuses'),
  row('two CR at the end of a header', header('X-A: a\r'), [nginx, curl], 'accepts'),
  row('a header without a value', header('X-A:'), all, 'accepts'),
  row('a line without a colon', header('no colon here'), none, 'refuses'),
  row('a header without a name', header(': x'), [curl], 'refuses'),
  row('a blank before the colon', header('X-A : b'), [curl], 'refuses'),
  row('a tab before the colon', header('X-A\t: b'), [curl], 'refuses'),
  row('a blank in a name', header('X A: b'), [curl], 'refuses'),
  row('a control character in a name', header('X\x01A: b'), [curl], 'refuses'),
  row('NUL in a name', header('X\0A: b'), none, 'refuses'),
  row('an 8-bit character in a name', header('X\xe9: b'), [nginx, curl], 'accepts'),
  row('"@" in a name', header('X@A: b'), [nginx, curl], 'accepts'),
  row('a bracket in a name', header('X[A]: b'), [nginx, curl], 'accepts'),
  row('"/" in a name', header('X/A: b'), [nginx, curl], 'accepts'),
  row('"_" in a name', header('X_A: b'), all, 'accepts'),
  row('the status line twice', `${ok}${ok}${end}`, [nginx], 'refuses'),
  row('a folded header', header('X-A: a\r\n b'), [haproxy, curl], 'accepts'),
  row('a header folded by a tab', header('X-A: a\r\n\tb'), [haproxy, curl], 'accepts'),
  row('a folded line with a colon', header('X-A: a\r\n b: c'), [haproxy, curl], 'accepts'),
  row('a folded line before any header', `${ok} X-A: a\r\n${end}`, none, 'refuses'),
  row('a header of 30 KiB', header(`X-A: ${'a'.repeat(30 * 1024)}`), all, 'accepts'),
  row('80 headers', header(Array.from({ length: 80 }, (_, i) => `X-${i}: a`).join('\r\n')), all, 'accepts'),
  row('300 headers', header(Array.from({ length: 300 }, (_, i) => `X-${i}: a`).join('\r\n')), [nginx, curl], 'accepts'),
  // The length of the body
  row('a negative Content-Length', `${ok}Content-Length: -5\r\n\r\n`, [nginx], 'accepts', length),
  row('a Content-Length with a sign', `${ok}Content-Length: +2\r\n\r\nok`, [nginx, curl], 'accepts'),
  row('a Content-Length that is no number', `${ok}Content-Length: two\r\n\r\nok`, [nginx], 'accepts', length),
  row('an empty Content-Length', `${ok}Content-Length:\r\n\r\nok`, [nginx], 'accepts', length),
  row('a Content-Length of 30 digits', `${ok}Content-Length: ${'9'.repeat(30)}\r\n\r\nok`, [nginx, curl], 'accepts'),
  row('two equal Content-Lengths', `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, all, 'accepts'),
  row('two Content-Lengths that differ', `${ok}Content-Length: 2\r\nContent-Length: 1\r\n\r\nok`, [nginx, curl], 'accepts'),
  row('a list of equal Content-Lengths', `${ok}Content-Length: 2, 2\r\n\r\nok`, all, 'accepts'),
  row('a Content-Length and chunks', `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, all, 'accepts'),
  row('an unknown Transfer-Encoding', `${ok}Transfer-Encoding: rot13\r\n\r\nok`, [nginx], 'accepts', length),
  row('chunked twice', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [nginx, curl], 'accepts'),
  row('a chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n2;a="b;c"\r\nok\r\n0\r\n\r\n`, all, 'accepts'),
  row('a chunk size that is no number', `${ok}Transfer-Encoding: chunked\r\n\r\nxx\r\nok\r\n0\r\n\r\n`, none, 'accepts', length),
  row('a body that is too short', `${ok}Content-Length: 100\r\n\r\nok`, [nginx, haproxy], 'accepts'),
  row('a second response behind the first', `${ok}${end}${ok}${end}`, all, 'accepts'),
  // Interim responses
  row('100 before the answer', `HTTP/1.1 100 Continue\r\n\r\n${ok}${end}`, [curl], 'accepts', interim),
  row('102 before the answer', `HTTP/1.1 102 Processing\r\n\r\n${ok}${end}`, [curl], 'accepts', interim),
  row('103 before the answer', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}${end}`, [curl], 'accepts', interim),
  row('199 before the answer', `HTTP/1.1 199 Something\r\n\r\n${ok}${end}`, [curl], 'accepts', interim),
  row('101 before the answer', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${ok}${end}`, none, 'refuses'),
];

/** Whether vitald would accept a row by the rule. */
export function acceptedByRule({ accepted }: AcceptanceRow): boolean {
  return accepted.includes(haproxy) || accepted.length >= 2;
}

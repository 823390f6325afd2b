/** Connections that end without an answer, and answers that are none. */
import { httpOptionsOf } from '../requests.js';
import { checkLines } from '../proposal.js';
import { sure } from '../judge.js';
import type { Conclusion } from '../../step.js';
import { evidenceOf, endOf, type Explain } from './explain.js';

/** What the first bytes tell of other protocols. They are shown as JSON shows them. */
const protocols: readonly (readonly [start: RegExp, name: string])[] = [
  [/^"SSH-/, 'SSH'],
  [/^"220[ -]/, 'a mail or FTP server'],
  [/^"\+OK/, 'POP3'],
  [/^"\* OK/, 'IMAP'],
  [/^"RFB /, 'VNC'],
  [/^"-ERR/, 'Redis, or something like it'],
  [/^".\\u0000\\u0000\\u0000\\n/, 'MySQL'],
  [/^"\\u0000\\u0000.\\u0004\\u0000/, 'HTTP/2 without TLS (gRPC, perhaps), which a check of type http does not speak'],
  [/^"\\u0000\\u0000\\u[0-9a-f]{4}\\u0004/, 'HTTP/2 without TLS (gRPC, perhaps), which a check of type http does not speak'],
  [/^"\\u0015\\u0003/, 'TLS'],
  [/^"\s*</, 'HTTP/0.9: a page without a status'],
];

export const malformedAnswer: Explain = ({ subject, facts, service, own }) => {
  if (own.end !== 'malformed') return [];
  const first = service.saysNothing?.firstBytes || own.firstBytes;
  const protocol = protocols.find(([start]) => start.test(first))?.[1];
  const evidence = evidenceOf(own, service.saysNothing);
  const isTls = protocol === 'TLS';
  const guess = protocol === undefined ? '' : ` That looks like ${protocol}.`;
  return [
    {
      code: isTls ? 'plain_check_on_tls_port' : 'answer_malformed',
      certainty: isTls ? 'likely' : sure(subject, facts),
      summary: `What port ${subject.checkPort} answers is not HTTP/1: ${own.detail}, ${first}.${guess}`,
      evidence,
      ...(isTls && { yaml: checkLines({ type: 'https' }) }),
      ...(!isTls &&
        protocol !== undefined && {
          yaml: checkLines({ type: 'tcp' }),
        }),
    },
  ];
};

export const closesWithoutAnswer: Explain = ({ subject, facts, service, own }) => {
  if (own.end !== 'closed' && own.end !== 'reset') return [];
  const { saysNothing } = service;
  const evidence = evidenceOf(own, saysNothing, service.otherMethod, service.root);
  const port = `port ${subject.checkPort}`;
  const partly = own.bytesReceived > 0 ? ` after ${own.bytesReceived} bytes of a header that did not end` : ' without an answer';
  if (saysNothing?.end === 'closed' || saysNothing?.end === 'reset') {
    return [
      {
        code: 'closes_without_answer',
        certainty: 'likely',
        summary: `The backend accepts the connection on ${port} and ends it at once, before anything is asked.`,
        evidence,
      },
      {
        code: 'hosts_deny',
        certainty: 'possible',
        summary: `That is also how /etc/hosts.deny refuses a source: the connection to ${port} stands, and ends at once.`,
        evidence,
      },
    ];
  }
  const { host } = httpOptionsOf(subject);
  const unknownName: Conclusion = {
    code: 'host_header_needed',
    certainty: 'possible',
    summary: 'The check names no site in Host but the address; some servers end such connections without an answer.',
    evidence,
    yaml: checkLines({ host: 'www.example.com' }, 'the name of the site'),
  };
  const summary = `The backend ends the connection on ${port}${partly}, as soon as it is asked (${endOf(own)}).`;
  const certainty = own.bytesReceived > 0 ? sure(subject, facts) : 'likely';
  return [{ code: 'closes_without_answer', certainty, summary, evidence }, ...(host === undefined ? [unknownName] : [])];
};

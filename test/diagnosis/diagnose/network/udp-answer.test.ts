import t from 'tap';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import { networkRules, networkTraps } from '#vitald/diagnosis/diagnose/network/index.js';
import type { Finding } from '#vitald/diagnosis/report.js';
import { printable } from '#vitald/probes/printable.js';
import { parsePayload } from '#vitald/probes/udp/payload.js';
import { problemsOfLines } from '../service/world.js';
import { host, outcome, subjectOf } from './world.js';

/** What is said of a UDP service that answers something else. */
function said(answer: string | Buffer, expect: string, send = 'text:hi'): Finding {
  const bytes = Buffer.from(answer);
  const expected = parsePayload(expect) as Buffer;
  const detail = `answer ${printable(bytes)}, expected one that begins with ${printable(expected)}`;
  const made = outcome('reply_mismatch');
  const facts: Facts = {
    check: { ...made, outcomes: made.outcomes.map((one) => ({ ...one, detail })) },
    network: { datagram: host('answered', { detail }) },
    service: {},
  };
  const subject = subjectOf({ type: 'udp', options: { udp: { send, expect } } });
  const { findings } = conclude(subject, facts, { causes: networkRules, traps: networkTraps });
  t.same(problemsOfLines([{ ...(findings[0]?.remedy.yaml !== undefined && { yaml: findings[0].remedy.yaml }) }], subject), []);
  return findings[0]!;
}

t.test('answer and expectation are shown, and the remedy is one for UDP', async (t) => {
  const { code, summary, remedy } = said('other', 'text:xx');
  t.equal(code, 'answer_malformed');
  t.match(summary, '10.78.0.2:80 answers "other", and the check expects an answer that begins with "xx".');
  t.match(remedy.yaml, 'expect: text:other');
  t.match(remedy.linux, ["ss -lunp 'sport = :80'"]);
  t.notMatch(JSON.stringify(remedy), /HTTP|curl|type tcp/i);
});

t.test('the difference is explained', async (t) => {
  t.match(said('2 pong', 'text:pong').remedy.text, 'not at its beginning, and only the beginning is compared');
  t.match(said('PONG', 'text:pong').remedy.text, 'differ in upper and lower case alone');
  t.match(said('pon', 'text:pong').remedy.text, 'expect fewer bytes');
  t.match(said('hi', 'text:pong').remedy.text, 'an echo service has this port');
  t.match(said('', 'text:pong').remedy.text, 'The answer is empty');
  t.match(said('x', 'text:pong').remedy.text, /another service has UDP port 80.* correct that\.$/);
});

t.test('bytes that are no text are shown escaped, and within bounds', async (t) => {
  const { summary, remedy } = said(Buffer.alloc(1000, 0x80), 'hex:00ff');
  t.match(summary, /answers "(\\u0080){40}…", and the check expects an answer that begins with "\\u0000ÿ"\./);
  t.match(remedy.yaml, `expect: hex:${'80'.repeat(16)}`);
  t.ok(summary.length < 500);
  t.match(said('a\u001b[31m"b\\', 'text:x').summary, String.raw`answers "a\u001b[31m\"b\\"`);
});

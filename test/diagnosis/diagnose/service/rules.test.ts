/** What the rules make of facts. Pure: no server, no time. */
import t from 'tap';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import type { ServiceFacts } from '#vitald/diagnosis/diagnose/service/facts.js';
import type { Outcome } from '#vitald/probes/one-shot.js';
import { conclude, exchangeWith, problemsOfLines, short, subjectAt, type Given } from './world.js';

const outcome = (kind: Outcome['kind'], reason: Outcome['reason']): Outcome => ({ kind, reason, detail: '', rttMs: 1, method: 'request' });
const failed = outcome('fail', 'status_mismatch');
const passed = outcome('pass', 'ok');

function concluded(given: Given, service: Partial<ServiceFacts>, outcomes: readonly Outcome[] = [failed, failed]) {
  const subject = subjectAt(80, given);
  const facts: Facts = { check: { outcomes, evidence: [] }, network: {}, service };
  const findings = conclude(subject, facts);
  t.same(problemsOfLines(findings, subject), [], 'the proposed lines are valid');
  return findings;
}

const of = (status: number, headers: Record<string, string> = {}) => exchangeWith({ status, headers });

t.test('nothing is said of a service that was not reached: the network explains that', async (t) => {
  t.same(concluded({}, {}), []);
  t.same(concluded({}, { asChecked: exchangeWith({ end: 'connect_failed' }) }), []);
});

t.test('a difference that may be chance is only likely', async (t) => {
  const facts = { asChecked: of(503), otherMethod: of(200) };
  t.same(short(concluded({}, facts)), ['certain method_unsupported']);
  t.same(short(concluded({}, facts, [passed, failed])), ['likely method_unsupported'], 'some checks pass');
  t.same(short(concluded({}, { ...facts, repeated: of(200) })), ['likely method_unsupported'], 'the same request passes later');
});

t.test('another method explains more than another name or path', async (t) => {
  const others = { root: of(200), otherHosts: [{ host: 'localhost', exchange: of(200) }] };
  t.same(short(concluded({ options: { path: '/x' } }, { asChecked: of(404), otherMethod: of(200), ...others })), [
    'certain method_unsupported',
  ]);
  t.same(short(concluded({ options: { path: '/x' } }, { asChecked: of(404), otherMethod: of(404), ...others })), [
    'certain host_header_needed',
  ]);
});

t.test('no Host at all is no name that could be configured', async (t) => {
  t.same(
    short(concluded({}, { asChecked: of(404), otherHosts: [{ host: undefined, exchange: of(200) }] }))[0],
    'likely host_header_needed',
  );
});

t.test('where the check names a site, a missing page is likelier than a wrong name', async (t) => {
  const facts = { asChecked: of(404), root: of(404) };
  t.same(short(concluded({ options: { path: '/x', host: 'a.example' } }, facts)), ['likely path_not_found', 'possible host_header_needed']);
  t.same(short(concluded({ options: { path: '/x' } }, facts)), ['likely host_header_needed', 'possible path_not_found']);
});

t.test('a missing page while / wants a login is likely, not certain', async (t) => {
  t.same(short(concluded({ options: { path: '/x' } }, { asChecked: of(404), root: of(401) })), ['likely path_not_found']);
});

t.test('405 to every method is the status itself', async (t) => {
  t.same(short(concluded({}, { asChecked: of(405), otherMethod: of(405) })), ['certain status_not_expected']);
});

t.test('a TLS port that answers plain requests with 400 is not taken for a plain port', async (t) => {
  const own = exchangeWith({ end: 'tls_failed', reason: 'tls_handshake_failed', errorCode: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' });
  t.same(short(concluded({ type: 'https' }, { asChecked: own, withoutTls: of(400) })), ['likely tls_check_on_plain_port']);
});

t.test('silence after a finished handshake is the application’s, without TLS it may be the kernel’s', async (t) => {
  const silent = { end: 'silent', reason: 'response_timeout', totalMs: 5000 } as const;
  t.same(short(concluded({}, { asChecked: exchangeWith(silent) })), ['likely accepts_but_silent']);
  t.same(short(concluded({ type: 'https' }, { asChecked: exchangeWith({ ...silent, tlsMs: 3 }) })), ['certain accepts_but_silent']);
});

t.test('a late answer whose connection took the time is hardly the application’s fault', async (t) => {
  const own = exchangeWith({ status: 200, connectMs: 3000, totalMs: 3010 });
  t.same(short(concluded({}, { asChecked: own })), ['likely timeout_too_short', 'possible slow_response']);
});

t.test('a wrong answer that is late as well is two things to mend', async (t) => {
  t.same(short(concluded({}, { asChecked: exchangeWith({ status: 503, totalMs: 3000 }) })), [
    'certain application_error',
    'possible slow_response',
  ]);
});

t.test('checks that time out now and then are told', async (t) => {
  const late = outcome('fail', 'response_timeout');
  const [finding] = concluded({}, { asChecked: of(200) }, [late, passed, late]);
  t.match(finding, { code: 'slow_response', certainty: 'likely', summary: /^2 of 3 checks had no answer within 1s/ });
});

t.test('what is wrong with a check is not the cause of a failing one', async (t) => {
  const given: Given = { type: 'ping' };
  t.same(short(concluded(given, {}, [passed])), ['certain ping_says_nothing_of_service']);
  t.same(short(concluded(given, {}, [outcome('fail', 'ping_timeout')])), ['possible ping_says_nothing_of_service']);
});

t.test('a UDP check that takes silence for health is warned of, one that expects an answer is not', async (t) => {
  t.same(short(concluded({ type: 'udp' }, {}, [passed])), ['likely ping_says_nothing_of_service']);
  t.same(concluded({ type: 'udp', options: { udp: { expect: 'text:pong' } } }, {}, [passed]), []);
});

t.test('which expected status counts as an error', async (t) => {
  const warned = (...expected_status: (string | number)[]) =>
    concluded({ options: { expected_status } }, { asChecked: of(200) }, [passed]).length > 0;
  for (const errors of ['http_4xx', 'http_5xx', '400-404', 500, '200-599']) t.ok(warned(200, errors), String(errors));
  for (const fine of [401, 'http_3xx', '200-204']) t.notOk(warned(200, fine), String(fine));
});

t.test('a half-open check of a TLS port disturbs nobody', async (t) => {
  const facts = { withTls: exchangeWith({ status: 200, tlsMs: 3 }) };
  t.same(short(concluded({ type: 'tcp' }, facts, [{ ...passed, method: 'syn' }])), ['possible tcp_check_on_tls_port']);
  t.same(short(concluded({ type: 'tcp' }, facts, [{ ...passed, method: 'connect' }])), ['certain tcp_check_on_tls_port']);
});

t.test('a health page that may not be stored is not dynamic, a page for people is', async (t) => {
  const noStore = { 'cache-control': 'no-store' };
  t.same(concluded({}, { asChecked: of(200, { ...noStore, 'content-type': 'application/json' }) }, [passed]), []);
  t.same(short(concluded({}, { asChecked: of(200, { ...noStore, 'content-type': 'text/html' }) }, [passed])), ['possible dynamic_page']);
});

t.test('a long answer to GET is better asked for by HEAD', async (t) => {
  const [finding] = concluded({ options: { method: 'GET' } }, { asChecked: of(200, { 'content-length': '5000000' }) }, [passed]);
  t.match(finding, { code: 'dynamic_page', certainty: 'likely', yaml: 'check:\n  method: HEAD\n' });
});

t.test('names and paths of the backend become lines only where they are harmless', async (t) => {
  const redirect = (location: string) => concluded({}, { asChecked: of(301, { location }), followed: of(200) })[0]!;
  t.equal(redirect('/a?b=${HOME}').yaml, 'check:\n  path: /a?b=$${HOME}\n', 'no environment variable is put in');
  t.match(redirect('http://a.example/%0a%0d').yaml, 'check:\n  path: /%0a%0d\n  host: a.example\n');
  t.match(redirect(`/${'x'.repeat(5000)}`).yaml, /^check:\n {2}expected_status:/);
});

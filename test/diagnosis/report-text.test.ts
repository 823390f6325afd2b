import t from 'tap';
import { progressLine, reportAsText } from '#vitald/diagnosis/report-text.js';
import { closedPort, headRefused, healthy, unhealthy } from '../support/reports.js';

const plain = { color: false, columns: 100 };
const terminal = { color: true, columns: 60 };

t.test('the verdict comes first, then what to do, then the evidence, then what was left out', async (t) => {
  const text = reportAsText(unhealthy, plain);
  t.match(text, /^web\/app-2 \(http 10\.0\.0\.2:8080\) is unhealthy\.\n {2}Port 8080 of 10\.0\.0\.2 is closed/);
  const order = [
    'is unhealthy',
    'What to do',
    'netstat -anp | grep :8080',
    'Why',
    'SYN to 10.0.0.2:8080',
    'Also',
    'What was tried',
    'What was left out',
  ];
  const places = order.map((part) => text.indexOf(part));
  t.same(
    places,
    places.toSorted((a, b) => a - b),
  );
  t.notOk(places.includes(-1), JSON.stringify(places));
});

t.test('it says how sure it is, who is at fault and what the finding means', async (t) => {
  const text = reportAsText(unhealthy, plain).replace(/\s+/g, ' ');
  t.match(text, 'At fault: the backend. This is likely: the usual cause of what was seen, but not the only one.');
  t.match(text, 'The port is closed (port_closed). The backend answers the connection attempt with RST: it refuses.');
  t.match(text, 'Confirm the cause first (below): it is not certain.');
  t.match(text, '- possible: HEAD /health gets 405; GET /health gets 200. (method_unsupported)');
});

t.test('where the cause was not found, nobody is said to be at fault', async (t) => {
  t.notMatch(reportAsText({ ...unhealthy, findings: [{ ...closedPort, code: 'unexplained' }] }, plain), 'At fault');
});

t.test('a certain cause in the configuration shows the lines of YAML', async (t) => {
  const text = reportAsText({ ...unhealthy, summary: headRefused.summary, findings: [headRefused] }, plain);
  t.match(text, '  In the configuration:\n    check:\n      method: GET\n');
  t.notMatch(text, 'Confirm the cause');
  t.match(text, '  12:00:00.250Z  HEAD /health\n                 -> HTTP 405 in 1.0 ms\n');
});

t.test('where nothing is wrong it is two lines', async (t) => {
  t.equal(reportAsText(healthy, plain), '[fd00::1]:443 (https) is healthy.\n  Nothing is wrong: the check passes.\n');
});

t.test('a healthy backend with warnings is told what to improve', async (t) => {
  const text = reportAsText({ ...healthy, findings: [{ ...headRefused, certainty: 'possible' }] }, plain);
  t.match(text, /is healthy\.[^]*\nWhat to improve\n/);
  t.notMatch(text, /At fault|Confirm the cause/);
});

t.test('a terminal gets symbols, colours, and lines no wider than it is', async (t) => {
  const text = reportAsText(unhealthy, terminal);
  t.match(text, '\u001b[31;1m✗ web/app-2');
  const seen = text.replace(/\u001b\[[\d;]*m/g, '');
  for (const line of seen.split('\n')) t.ok(line.length <= 60 || /^ {4}\S/.test(line), line);
  t.match(reportAsText(healthy, terminal), '✓ ');
});

t.test('a pipe gets neither escapes nor symbols', async (t) => {
  t.match(reportAsText(unhealthy, plain), /^[\n\x20-\x7e“”’–…]*$/);
});

t.test('commands stay whole, however narrow the terminal', async (t) => {
  const text = reportAsText(unhealthy, { color: false, columns: 20 });
  for (const command of closedPort.remedy.linux) t.match(text, `\n    ${command}\n`);
});

t.test('nothing that a backend sent steers the terminal', async (t) => {
  const hostile = '\u001b[2J\u001b]0;owned\u0007 \u202eevil\r\nnew line';
  const text = reportAsText(
    { ...unhealthy, summary: hostile, findings: [{ ...closedPort, evidence: [{ sent: hostile, got: hostile, at: 0 }] }] },
    plain,
  );
  t.notMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  t.match(text, '?[2J?]0;owned? ?evil? new line');
  t.match(progressLine({ name: 'ping', result: hostile, tookMs: 1 }, plain), '?[2J');
});

t.test('a line of progress fits into the terminal', async (t) => {
  t.equal(progressLine({ name: 'ping', result: 'answered', tookMs: 1 }, plain), 'ping: answered');
  t.equal(progressLine({ name: 'ping', why: 'no permission' }, plain), 'ping: left out, no permission');
  t.equal(progressLine({ name: 'x'.repeat(100), result: 'y', tookMs: 1 }, { color: true, columns: 40 }).length, 39);
});

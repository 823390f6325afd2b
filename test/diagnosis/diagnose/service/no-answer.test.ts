/** Late answers, none, and answers that are no HTTP: the first finding is the true cause. */
import t from 'tap';
import { machinePace } from '../../../support/pace.js';
import { answers, misbehaviours } from '../../../support/servers/behaviours.js';
import { serve } from '../../../support/servers/server.js';
import { Stopwatch } from '../../../support/stopwatch.js';
import { health, linesAreValid, onHttp, onSocket } from './expect.js';
import { changed, diagnoseService, httpServer, subjectAt } from './world.js';

const pace = await machinePace();

// Most of the time is waiting.
t.jobs = 6;

onHttp(
  'a slow answer: the time that it needs, and the timeout that would do',
  (_request, response) => void setTimeout(() => response.end(), 300 * pace),
  { timeoutMs: 100 * pace },
  {
    findings: ['certain slow_response', 'likely timeout_too_short'],
    summary: new RegExp(
      `gives the right answer \\(HTTP 200\\), but needs (\\d+ ms|\\d\\.\\d s) \\(the second time .*\\) for it, and the check waits ${100 * pace}ms`,
    ),
  },
);

t.test('the proposed timeout leaves a margin, and the interval is not below it', async (t) => {
  const server = await httpServer((_request, response) => void setTimeout(() => response.end(), 200 * pace));
  t.teardown(() => server.close());
  const subject = subjectAt(server.port, { timeoutMs: 100 * pace, intervalMs: 200 * pace });
  const { findings } = await diagnoseService(subject);
  const mended = changed(subject, findings.find(({ code }) => code === 'timeout_too_short')!.yaml!);
  t.ok(mended.check.timeoutMs >= 300 * pace);
  t.equal(mended.check.intervalMs, mended.check.timeoutMs);
});

onHttp(
  'one slow page',
  ({ url }, response) => void setTimeout(() => response.end(), url === '/' ? 0 : 300 * pace),
  { timeoutMs: 100 * pace, ...health },
  {
    findings: ['certain slow_response', 'likely timeout_too_short'],
    summary: /so that it is this page that is slow/,
  },
);

onSocket(
  'a backend that accepts and never answers',
  misbehaviours['silent after accept'],
  { timeoutMs: 100 * pace },
  {
    findings: ['likely accepts_but_silent'],
    summary: /accepts the connection on port \d+ and then says nothing: no byte within \d\.\d s/,
  },
);

onHttp(
  'one page hangs',
  ({ url }, response) => void (url === '/' && response.end()),
  { timeoutMs: 100 * pace, ...health },
  {
    findings: ['certain accepts_but_silent'],
    summary: /answers \/, but was silent about \/health/,
  },
);

onHttp(
  'silence to HEAD while GET is 200: the method is not supported',
  ({ method }, response) => void (method === 'GET' && response.end()),
  { timeoutMs: 100 * pace },
  { findings: ['certain method_unsupported'], summary: /HEAD gets silence, GET gets HTTP 200/, mended: true },
);

onSocket(
  'a header that never ends',
  misbehaviours['drips headers'],
  { timeoutMs: 100 * pace },
  {
    findings: ['certain accepts_but_silent'],
    summary: /begins an answer, but did not end its header/,
  },
);

onSocket(
  'a backend that ends every connection at once',
  misbehaviours['closes at once'],
  {},
  {
    findings: ['likely closes_without_answer', 'possible hosts_deny'],
    summary: /ends it at once, before anything is asked/,
  },
);

onSocket(
  'a backend that ends the connection when it is asked',
  misbehaviours['closes without an answer'],
  {},
  {
    findings: ['likely closes_without_answer', 'possible host_header_needed'],
    summary: /without an answer, as soon as it is asked/,
  },
);

onSocket(
  'a page without a header, as HTTP/0.9 had it',
  answers('<html>hello</html>'),
  {},
  {
    findings: ['certain answer_malformed'],
    summary: /"<html>hello<\/html>"\. That looks like HTTP\/0\.9/,
  },
);

onSocket(
  'another protocol on the port',
  misbehaviours['speaks before it is asked'],
  {},
  {
    findings: ['certain answer_malformed'],
    summary: /That looks like SSH/,
    mended: true,
  },
);

onSocket('a body without an end disturbs nobody', misbehaviours['sends an endless body'], { options: { method: 'GET' } }, { findings: [] });

onSocket(
  'endless header bytes are given up',
  misbehaviours['sends endless headers'],
  {},
  {
    findings: ['certain answer_malformed'],
    summary: /more than 64 KiB of header/,
  },
);

onHttp(
  'an application that answers nonsense, but not the check',
  () => undefined,
  { timeoutMs: 100 * pace },
  {
    findings: ['certain accepts_but_silent'],
  },
);

t.test('a diagnosis that is ended early ends at once', async (t) => {
  const server = await serve(misbehaviours['silent after accept']);
  t.teardown(() => server.close());
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const subject = subjectAt(server.port, { timeoutMs: 50, intervalMs: 5000 });
  const watch = await Stopwatch.start();
  await diagnoseService(subject, controller.signal);
  t.ok(watch.isWithin(900), String(watch));
});

linesAreValid();

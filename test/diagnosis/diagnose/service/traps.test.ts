/** Checks that pass, and say less than they seem to (docs/semantics.md section 6). */
import t from 'tap';
import { selfSigned } from '../../../support/certificates.js';
import { expectFindings, linesAreValid, status } from './expect.js';
import { httpServer, type Given } from './world.js';

const identity = selfSigned(['app.example', '127.0.0.1']);

t.test('traps of checks that pass', async (t) => {
  t.test('a tcp check on a TLS port', async (t) => {
    const given: Given = { type: 'tcp', options: { tcp: { method: 'connect' } } };
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        identity,
      ),
      given,
      { findings: ['certain tcp_check_on_tls_port'], mended: true },
    );
  });
  t.test('a tcp check on a plain port is nothing to speak of', async (t) => {
    await expectFindings(t, await httpServer(status(() => 200)), { type: 'tcp' }, { findings: [] });
  });
  t.test('a ping check', async (t) => {
    const server = await httpServer(status(() => 200));
    await server.close();
    await expectFindings(
      t,
      { ...server, close: async () => undefined },
      { type: 'ping' },
      {
        findings: ['certain ping_says_nothing_of_service'],
        summary: /Nothing listens on its TCP port \d+ now, and the ping passes all the same/,
      },
    );
  });
  t.test('errors that count as healthy', async (t) => {
    const given: Given = { options: { expected_status: ['http_2xx', 'http_4xx'] } };
    await expectFindings(t, await httpServer(status(() => 404)), given, {
      findings: ['certain errors_count_as_healthy'],
      summary: /expected_status holds http_4xx\. The answer is HTTP 404 now, and passes/,
    });
  });
  t.test('a redirect that passes', async (t) => {
    const given: Given = { options: { expected_status: ['http_2xx', 'http_3xx'] } };
    await expectFindings(t, await httpServer(status(() => 302, { Location: '/login' })), given, { findings: ['likely redirected'] });
  });
  t.test('a dynamic page', async (t) => {
    const given: Given = { options: { path: '/check.php?full=1' } };
    await expectFindings(t, await httpServer(status(() => 200, { 'Set-Cookie': 'id=1' })), given, {
      findings: ['likely dynamic_page'],
      summary: /its path is that of a script; each check is given a cookie, and perhaps a session; its path has a query/,
    });
  });
});

linesAreValid();

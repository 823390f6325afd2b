/** TLS where the check has none, none where it has it, and certificates. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../../support/certificates.js';
import { machinePace } from '../../../support/pace.js';
import { misbehaviours, ok } from '../../../support/servers/behaviours.js';
import { serve } from '../../../support/servers/server.js';
import { expectFindings, linesAreValid, onSocket, status } from './expect.js';
import { httpServer, type Given } from './world.js';

// Most of the time is waiting.
t.jobs = 6;

const folder = t.testdir({});
const identity = selfSigned(['app.example', '127.0.0.1']);

t.test('a plain check on a TLS port', async (t) => {
  await expectFindings(
    t,
    await httpServer(
      status(() => 200),
      identity,
    ),
    {},
    {
      findings: ['certain plain_check_on_tls_port'],
      summary: /Port \d+ speaks TLS, and the check asks in plain HTTP/,
      mended: true,
    },
  );
});

t.test('a TLS port says what comes next, too', async (t) => {
  await expectFindings(
    t,
    await httpServer(
      status(() => 503),
      identity,
    ),
    {},
    {
      findings: ['certain plain_check_on_tls_port'],
      summary: /the same request gets HTTP 503, which is the next thing to look at/,
    },
  );
});

t.test('a TLS check on a plain port', async (t) => {
  await expectFindings(
    t,
    await httpServer(status(() => 200)),
    { type: 'https' },
    {
      findings: ['certain tls_check_on_plain_port'],
      summary: /speaks plain HTTP, and the check asks with TLS/,
      mended: true,
    },
  );
});

t.test('a TLS check on a port that is silent until it has a whole line', async (t) => {
  await expectFindings(
    t,
    await serve(ok),
    { type: 'https', timeoutMs: 100 * (await machinePace()) },
    { findings: ['certain tls_check_on_plain_port'], mended: true },
  );
});

t.test('certificates', async (t) => {
  const trusting = (name: string, cert: string, more: Record<string, unknown> = {}): Given => {
    const file = join(folder, `${name}.pem`);
    writeFileSync(file, cert);
    return { type: 'https', options: { tls: { verify: true, ca_file: file, ...more } } };
  };
  t.test('that have expired: with name and dates', async (t) => {
    const expired = selfSigned(['app.example', '127.0.0.1'], [-10, -1]);
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        expired,
      ),
      trusting('expired', expired.cert),
      {
        findings: ['certain tls_certificate_problem'],
        summary:
          /the certificate has expired: subject "CN=app\.example", names "DNS:app\.example, IP Address:127\.0\.0\.1".* valid from \d{4}-\d\d-\d\d to/,
      },
    );
  });
  t.test('for another name', async (t) => {
    const given = trusting('other', identity.cert, { server_name: 'other.example' });
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        identity,
      ),
      given,
      {
        findings: ['certain tls_certificate_problem'],
        summary: /the certificate is not for other\.example/,
        mended: true,
      },
    );
  });
  t.test('of the default site, because the check names no server', async (t) => {
    const site = selfSigned(['site.example']);
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        site,
      ),
      trusting('site', site.cert),
      {
        findings: ['certain tls_certificate_problem'],
        summary: /the certificate is not for 127\.0\.0\.1/,
        mended: true,
      },
    );
  });
  t.test('of an authority that is not known', async (t) => {
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        identity,
      ),
      { type: 'https', options: { tls: { verify: true } } },
      {
        findings: ['certain tls_certificate_problem'],
        summary: /self-signed/,
      },
    );
  });
  t.test('that nobody looks at are warned of when they have expired', async (t) => {
    const expired = selfSigned(['app.example'], [-10, -1]);
    await expectFindings(
      t,
      await httpServer(
        status(() => 200),
        expired,
      ),
      { type: 'https' },
      { findings: ['likely tls_certificate_problem'] },
    );
  });
  t.test('name the site that the backend knows', async (t) => {
    const site = selfSigned(['site.example']);
    const listener = status(({ headers }) => (headers.host === 'site.example' ? 200 : 404));
    await expectFindings(
      t,
      await httpServer(listener, site),
      { type: 'https' },
      {
        findings: ['certain host_header_needed'],
        summary: /HTTP 200 to the name site\.example/,
        mended: true,
      },
    );
  });
  t.test('of a client are demanded', async (t) => {
    await expectFindings(
      t,
      await serve(ok, { identity, demandsClientCertificate: true }),
      { type: 'https' },
      {
        findings: ['certain login_needed'],
        summary: /demands a client certificate/,
      },
    );
  });
});

onSocket(
  'a TLS handshake that is refused',
  misbehaviours['closes at once'],
  { type: 'https' },
  {
    findings: ['likely closes_without_answer'],
    summary: /refuses the TLS handshake/,
  },
);

linesAreValid();

import t from 'tap';
import { secretsHider, withoutOutputSecrets, withoutSecrets, withoutValues } from '#vitald/config/secrets.js';

t.test('of a path names are shown, and values are not', (t) => {
  t.equal(withoutValues('/health'), '/health');
  t.equal(withoutValues('/health?token=abc'), '/health?token=[redacted]');
  t.equal(withoutValues('/h?a=1&b=&c&d=x=y'), '/h?a=[redacted]&b=&[redacted]&d=[redacted]');
  t.equal(withoutValues('/h;jsessionid=abc;v=1/x?'), '/h;jsessionid=[redacted];v=[redacted]/x?');
  t.equal(withoutValues('/?'), '/?');
  t.end();
});

t.test('of headers only those are shown that never hold a secret', (t) => {
  const headers = {
    Accept: 'text/html',
    'User-Agent': 'check',
    'X-Tenant': 'acme',
    Authorization: 'Bearer x',
    'X-Forwarded-Proto': 'https',
  };
  t.same(withoutSecrets({ path: '/?k=v', headers, reuse: true }), {
    path: '/?k=[redacted]',
    headers: { ...headers, 'X-Tenant': '[redacted]', Authorization: '[redacted]' },
    reuse: true,
  });
  t.same(withoutSecrets({ udp: { send: 'x' } }), { udp: { send: 'x' } });
  t.end();
});

t.test('links of outputs are shown without user, password and values', (t) => {
  const options = { external_url: 'https://me:pw@vitald.example.com/x?token=abc', socket: '/run/h.sock', url: 'http://hidden' };
  t.same(withoutOutputSecrets(options, ['url']), {
    external_url: 'https://[redacted]@vitald.example.com/x?token=[redacted]',
    socket: '/run/h.sock',
    url: '[redacted]',
  });
  t.end();
});

t.test('the same values are hidden in texts of others', (t) => {
  const options = { path: '/h?token=s3cr%20t&v=1&verbose=true&id=1234567890', headers: { 'X-Tenant': 'acme-0815-x', 'X-Probe': 'vitald' } };
  const hide = secretsHider(options)!;
  t.equal(
    hide('HEAD /h?token=s3cr%20t&v=1&verbose=true&id=1234567890 HTTP/1.1'),
    'HEAD /h?token=[redacted]&v=[redacted]&verbose=[redacted]&id=[redacted] HTTP/1.1',
  );
  t.equal(hide('redirected to /login?back=s3cr t'), 'redirected to /login?back=[redacted]', 'decoded');
  t.equal(hide('x 1234567890 y acme-0815-x'), 'x [redacted] y [redacted]');
  t.equal(hide('it is true that vitald has v=1'), 'it is true that vitald has v=1', 'short plain words stay readable');
  t.equal(secretsHider({ path: '/health', headers: { Accept: 'application/json' } }), undefined);
  t.end();
});

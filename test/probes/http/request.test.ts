import t from 'tap';
import { withDefaults } from '#vitald/probes/http/options.js';
import { requestFor } from '#vitald/probes/http/request.js';

const v4 = { address: '10.0.0.1', family: 4, port: 8080 } as const;
const v6 = { address: 'fe80::1%eth0', family: 6, port: 8080 } as const;

function request(
  scheme: 'http' | 'https',
  options: Record<string, unknown>,
  target: typeof v4 | typeof v6 | (Omit<typeof v4, 'port'> & { port: number }),
): string {
  return requestFor(scheme, withDefaults(options))(target).toString('latin1');
}

t.test('a request names the backend as Host and asks it to close', async (t) => {
  t.equal(request('http', {}, v4), 'HEAD / HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nConnection: close\r\nUser-Agent: vitald\r\n\r\n');
});

t.test('the scheme’s own port is left out of Host', async (t) => {
  t.match(request('http', {}, { ...v4, port: 80 }), 'Host: 10.0.0.1\r\n');
  t.match(request('https', {}, { ...v4, port: 443 }), 'Host: 10.0.0.1\r\n');
  t.match(request('https', {}, { ...v4, port: 80 }), 'Host: 10.0.0.1:80\r\n');
});

t.test('IPv6 stands in brackets, without its zone', async (t) => {
  t.match(request('http', {}, v6), 'Host: [fe80::1]:8080\r\n');
});

t.test('method, path, version, host and headers are as configured; HTTP/1.0 sends Host as well', async (t) => {
  const options = {
    method: 'GET',
    path: '/healthz?x=1',
    http_version: '1.0',
    host: 'example.com',
    headers: { 'user-agent': 'me', 'X-A': 'é' },
  };
  t.equal(
    request('http', options, v4),
    'GET /healthz?x=1 HTTP/1.0\r\nHost: example.com\r\nConnection: close\r\nuser-agent: me\r\nX-A: é\r\n\r\n',
  );
});

t.test('with a configured host all backends of a listener share one Buffer', async (t) => {
  const make = requestFor('http', withDefaults({ host: 'example.com' }));
  t.equal(make(v4), make(v6));
});

t.test('with reuse the connection is asked to stay', async (t) => {
  t.match(request('http', { reuse: true }, v4), 'Connection: keep-alive\r\n');
});

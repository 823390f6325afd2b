import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import t from 'tap';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import { defaultOptions } from '#vitald/probes/http/options.js';
import { selfSigned } from '../../support/certificates.js';

const folder = mkdtempSync(join(tmpdir(), 'vitald-ca-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const schema = new Ajv({ allowUnionTypes: true }).addVocabulary(['x-allowed', 'x-default']).compile({
  type: 'object',
  additionalProperties: false,
  properties: httpsKind.optionsSchema,
});

t.test('the schema takes what the documentation shows, and its own defaults', async (t) => {
  const shown = {
    method: 'HEAD',
    path: '/healthz?a=b%20c',
    host: 'example.com',
    http_version: '1.1',
    headers: { 'X-Probe': 'vitald' },
    reuse: false,
    expected_status: ['http_2xx', 401, '200-204'],
    tls: { server_name: 'example.com', verify: false, ca_file: '/etc/ca.pem' },
  };
  t.ok(schema(shown));
  t.ok(schema(defaultOptions));
});

t.test('the schema refuses paths that cannot be requested', async (t) => {
  for (const path of ['', 'healthz', '/a b', '/a#b', '/a\r\nX: y', '/ü', '/a\u0000']) t.notOk(schema({ path }), JSON.stringify(path));
});

t.test('http knows no tls', async (t) => {
  t.notOk('tls' in httpKind.optionsSchema);
  t.equal(httpKind.optionsSchema.path, httpsKind.optionsSchema.path, 'shared keys are the same object');
});

t.test('valid options have no problems', async (t) => {
  const ca = file('ca.pem', `# two of them\n${selfSigned(['a.example']).cert}${selfSigned(['b.example']).cert}`);
  for (const host of [
    'example.com',
    'example.com:8080',
    '10.0.0.1',
    '10.0.0.1:80',
    '[::1]',
    '[2001:db8::1]:8443',
    'under_score',
    'localhost',
  ]) {
    t.same(httpsKind.validate({ host, headers: { 'X-A': 'a\tb é' }, tls: { ca_file: ca, server_name: 'a.example' } }), [], host);
  }
});

const refused: { options: Record<string, unknown>; path: (string | number)[]; message: RegExp }[] = [
  {
    options: { expected_status: ['http_2xx', 'http_9xx'] },
    path: ['expected_status', 1],
    message: /^"http_9xx" is not a status; allowed: http_1xx … http_5xx/,
  },
  { options: { expected_status: [600] }, path: ['expected_status', 0], message: /^"600" is not a status/ },
  { options: { headers: { HOST: 'x' } }, path: ['headers', 'HOST'], message: /set by vitald; use `host` instead/ },
  { options: { headers: { Connection: 'x' } }, path: ['headers', 'Connection'], message: /use `reuse` instead/ },
  { options: { headers: { 'Content-Length': '1' } }, path: ['headers', 'Content-Length'], message: /has no body/ },
  { options: { headers: { 'Transfer-Encoding': 'chunked' } }, path: ['headers', 'Transfer-Encoding'], message: /has no body/ },
  { options: { headers: { 'X-A': '1', 'x-a': '2' } }, path: ['headers', 'x-a'], message: /given twice/ },
  { options: { headers: { 'X A': '1' } }, path: ['headers', 'X A'], message: /not a header name/ },
  { options: { headers: { 'X-A': 'a\r\nEvil: b' } }, path: ['headers', 'X-A'], message: /no line breaks/ },
  { options: { headers: { 'X-A': '健康' } }, path: ['headers', 'X-A'], message: /printable Latin-1/ },
  { options: { host: '::1' }, path: ['host'], message: /brackets here: "\[::1\]"/ },
  { options: { host: 'http://example.com' }, path: ['host'], message: /no scheme, no path/ },
  { options: { host: 'example.com/x' }, path: ['host'], message: /no scheme, no path/ },
  { options: { host: 'a b' }, path: ['host'], message: /is not a host/ },
  { options: { host: 'a\r\nb' }, path: ['host'], message: /is not a host/ },
  { options: { host: 'a:0' }, path: ['host'], message: /is not a host/ },
  { options: { host: 'a:65536' }, path: ['host'], message: /is not a host/ },
  { options: { host: '[10.0.0.1]' }, path: ['host'], message: /is not a host/ },
  { options: { tls: { server_name: '10.0.0.1' } }, path: ['tls', 'server_name'], message: /is an address; a server name is a DNS name/ },
  { options: { tls: { server_name: 'a..b' } }, path: ['tls', 'server_name'], message: /is not a DNS name/ },
  { options: { tls: { ca_file: join(folder, 'none.pem') } }, path: ['tls', 'ca_file'], message: /cannot be read: ENOENT/ },
  { options: { tls: { ca_file: folder } }, path: ['tls', 'ca_file'], message: /cannot be read: it is a folder/ },
  { options: { tls: { ca_file: file('empty.pem', 'hello') } }, path: ['tls', 'ca_file'], message: /holds no certificate in PEM form/ },
  {
    options: { tls: { ca_file: file('bad.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') } },
    path: ['tls', 'ca_file'],
    message: /certificate 1 of 1 .* is damaged/,
  },
];

for (const { options, path, message } of refused) {
  t.test(`${JSON.stringify(options).replace(folder, '')} is refused`, async (t) => {
    const problems = httpsKind.validate(options);
    t.equal(problems.length, 1);
    t.same(problems[0]!.path, path);
    t.match(problems[0]!.message, message);
  });
}

t.test('all problems are told at once', async (t) => {
  t.equal(httpKind.validate({ host: 'a b', expected_status: ['x', 'y'], headers: { Host: 'x' } }).length, 4);
});

import t from 'tap';
import { redacted } from '#vitald/diagnosis/redact.js';
import { unhealthy } from '../support/reports.js';

const options = { headers: { Authorization: 'Bearer abc-123', 'X-Api-Key': 'k3y-value', 'X-Probe': 'vitald', Cookie: 'a' } };

t.test('values of secret headers are in no text of a report, wherever a backend put them', async (t) => {
  const evidence = [{ sent: 'GET / with Authorization: Bearer abc-123', got: 'HTTP 302 to /?key=k3y-value&token=abc-123', at: 0 }];
  const told = JSON.stringify(redacted({ ...unhealthy, findings: [{ ...unhealthy.findings[0]!, evidence }] }, options));
  t.notMatch(told, /abc-123|k3y-value/);
  t.match(told, 'GET / with Authorization: [redacted]');
  t.match(told, 'HTTP 302 to /?key=[redacted]&token=[redacted]');
});

t.test('nor are they where a text was cut in the middle of one, or quoted', async (t) => {
  t.equal(redacted('Location: "/?key=k3y-v…"', options), 'Location: "/?key=[redacted]…"');
  t.equal(redacted(JSON.stringify('say "it" now'), { headers: { Authorization: 'say "it" now' } }), '"[redacted]"');
});

t.test('other headers, and values so short that they are in every sentence, stay', async (t) => {
  t.equal(redacted('a vitald answer', options), 'a vitald answer');
  t.same(redacted(unhealthy, {}), unhealthy);
});

import t from 'tap';
import { expectedStatus, type StatusExpression } from '#vitald/health/expected-status.js';
import { conformanceCases } from '../support/conformance.js';

interface Case {
  expected_status: StatusExpression[];
  status?: number;
  passes?: boolean;
  error?: boolean;
}

for (const c of conformanceCases<Case>('expected_status')) {
  const list = JSON.stringify(c.expected_status);
  if (c.error === true) {
    t.test(`expected_status ${list} is refused`, async (t) => {
      t.throws(() => expectedStatus(c.expected_status), { message: /http_1xx/ }, 'and the message says what is allowed');
    });
  } else {
    t.test(`expected_status ${list}: ${String(c.status)} ${c.passes === true ? 'passes' : 'fails'}`, async (t) => {
      t.equal(expectedStatus(c.expected_status).accepts(c.status!), c.passes);
    });
  }
}

t.test('status codes outside 100–599 are never accepted', async (t) => {
  const all = expectedStatus(['http_1xx', 'http_2xx', 'http_3xx', 'http_4xx', 'http_5xx']);
  for (const status of [0, 99, 600, 999, -1, NaN]) t.equal(all.accepts(status), false, String(status));
});

import t from 'tap';
import { subjectOf, subjectOfUrl } from '#vitald/diagnosis/diagnose/subject.js';
import { backendOf, listenerOf, planOf } from '../../support/plans.js';

const plan = planOf(listenerOf('web', [backendOf('10.0.0.1', { id: 'app-1', checkPort: 8080 })], { check: { port: 8080 } }));

t.test('a backend of the configuration, with its listener’s check', async (t) => {
  t.match(subjectOf(plan, 'web', 'app-1'), {
    listener: 'web',
    backend: 'app-1',
    address: '10.0.0.1',
    family: 4,
    port: 80,
    checkPort: 8080,
    check: { type: 'tcp', port: 8080 },
  });
});

t.test('an unknown listener or backend names the nearest, or those that are there', async (t) => {
  const usage = (message: RegExp): { code: string; message: RegExp } => ({ code: 'usage', message });
  t.throws(() => subjectOf(plan, 'wbe', 'app-1'), usage(/no listener named "wbe"/));
  t.throws(() => subjectOf(plan, 'web', 'app-2'), usage(/no backend of web named "app-2"; did you mean app-1\?/));
  t.throws(() => subjectOf(plan, 'web', 'something else'), usage(/there is: app-1/));
  t.throws(() => subjectOf(planOf(), 'web', 'x'), usage(/there is none/));
});

t.test('a URL, with the defaults of the native profile', async (t) => {
  t.match(await subjectOfUrl('http://[::1]:8080/health', { timeoutMs: 700 }), {
    listener: undefined,
    address: '::1',
    family: 6,
    port: 8080,
    checkPort: 8080,
    check: { type: 'http', timeoutMs: 700, options: { method: 'HEAD', path: '/health', expected_status: ['http_2xx'] } },
  });
  t.match(await subjectOfUrl('ping://127.0.0.1', { timeoutMs: 700, source: '127.0.0.2' }), {
    port: 0,
    check: { type: 'ping', source: '127.0.0.2', options: {} },
  });
  await t.rejects(subjectOfUrl('gopher://127.0.0.1', { timeoutMs: 700 }), { code: 'usage' });
});

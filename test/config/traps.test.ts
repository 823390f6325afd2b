import t from 'tap';
import { load, planOf } from '../support/load.js';

/** The warnings that the plan of one listener carries to the API. */
function carried(listener: string): readonly string[] {
  return planOf(`listeners:\n  - ${listener}\n`).listeners[0]!.checkWarnings ?? [];
}

t.test('the plan carries what a check cannot show, as sentences', async (t) => {
  const [udp, ...more] = carried('{ name: dns, protocol: udp, port: 53, backends: [10.0.0.1] }');
  t.same(more, []);
  t.match(udp, /^A udp check without udp\.expect passes unless an error comes back: .* udp\.ping_first: true\.$/);
  const both = carried("{ name: dns, protocol: udp, port: 53, backends: ['fe80::1'] }");
  t.match(both, [/^The backend \[fe80::1\]:53 has a link-local address.* check\.interface .*\.$/, /^A udp check/]);
});

t.test('the plan carries nothing that may change by itself, and nothing about a disabled check', async (t) => {
  t.same(carried('{ name: web, port: 80, check: { source: 10.0.0.8, interface: eth7 }, backends: [10.0.0.1] }'), []);
  t.same(carried('{ name: web, port: 80, check: { path: / }, backends: [] }'), []);
  t.same(carried("{ name: dns, protocol: udp, port: 53, check: { enabled: false }, backends: ['fe80::1'] }"), []);
});

t.test('a listener without warnings has no field for them', async (t) => {
  t.notOk('checkWarnings' in planOf('listeners: [{ name: web, port: 80, backends: [10.0.0.1] }]').listeners[0]!);
});

t.test('a warning about a shared default is given once', async (t) => {
  const listeners = Array.from({ length: 20 }, (_, i) => `  - { name: l${i}, protocol: udp, port: 53, backends: [10.0.0.1] }`).join('\n');
  const { warnings, plan } = load(`defaults: { check: { udp: { send: 'text:a' } } }\nlisteners:\n${listeners}\n`);
  t.match(warnings, [{ line: 1, path: 'defaults.check.udp', message: /^a udp check without udp\.expect/ }]);
  t.ok(plan?.listeners.every(({ checkWarnings }) => checkWarnings?.length === 1));
});

t.test('warnings about thousands of backends are bounded', async (t) => {
  const local = Array.from({ length: 5000 }, (_, i) => `      - 'fe80::${(i + 1).toString(16)}:a'`).join('\n');
  t.match(load(`listeners:\n  - name: web\n    port: 80\n    backends:\n${local}\n`).warnings, [{ message: /\(and 4999 more\)/ }]);
  const ports = Array.from({ length: 5000 }, (_, i) => `      - 'fd00::${(i + 1).toString(16)}:8080'`).join('\n');
  t.equal(load(`listeners:\n  - name: web\n    port: 80\n    backends:\n${ports}\n`).warnings.length, 1001);
});

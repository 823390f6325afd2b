import { readFileSync } from 'node:fs';
import t from 'tap';
import { checkerFaults, reportingTests, survived, withCheckerFaults } from '../support/checker-faults.js';

t.test('each fault of the checker is reported by exactly one test', async (t) => {
  const tests = reportingTests();
  for (const name of Object.keys(checkerFaults)) {
    const files = tests.get(name as keyof typeof checkerFaults) ?? [];
    t.equal(files.length, 1, `${name} is reported by ${files.join(', ') || 'no test'}`);
  }
});

t.test('each fault that a test reports is in the table', async (t) => {
  const unknown = [...reportingTests().keys()].filter((name) => !(name in checkerFaults));
  t.same(unknown, []);
});

t.test('a test that makes a fault another number of times than the table says fails', async (t) => {
  const compared: unknown[][] = [];
  const fake = { equal: (...values: unknown[]) => void compared.push(values.slice(0, 2)) } as unknown as typeof t;
  survived(fake, 'killed-while-saving', 3);
  t.same(compared, [[3, checkerFaults['killed-while-saving'].times]]);
});

t.test('docs/testing.md has the table', async (t) => {
  const document = readFileSync('docs/testing.md', 'utf8');
  t.equal(document, withCheckerFaults(document), 'run node scripts/generate-docs.mjs');
  for (const { kind } of Object.values(checkerFaults)) t.ok(document.includes(`| ${kind} `), kind);
});

t.test('a document without a place for the table is an error', async (t) => {
  t.throws(() => withCheckerFaults('# Testing\n'), /no place/);
});

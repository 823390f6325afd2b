import { readFileSync } from 'node:fs';
import t from 'tap';
import { findingTable, type FindingCode } from '#vitald/diagnosis/finding-table.js';
import type { FindingInfo } from '#vitald/diagnosis/findings/finding.js';
import { troubleshootingMarkdown } from '../../tools/docs/troubleshooting.js';

const codes = Object.keys(findingTable) as FindingCode[];

t.test('docs/troubleshooting.md says what the table of findings says', async (t) => {
  t.equal(readFileSync('docs/troubleshooting.md', 'utf8'), troubleshootingMarkdown(), 'run node scripts/generate-docs.mjs');
});

t.test('every finding has a section of its own', async (t) => {
  const headings = [...troubleshootingMarkdown().matchAll(/^### (\w+)$/gm)].map((match) => match[1]!);
  t.same(headings.toSorted(), codes.toSorted());
});

t.test('every finding is explained, and says what to do', async (t) => {
  for (const code of codes) {
    const { title, meaning, foundBy, remedy }: FindingInfo = findingTable[code];
    t.ok(title.length > 10 && title.length < 110, `${code}: its title is short`);
    t.notMatch(title, /\.$/, code);
    for (const text of [meaning, foundBy, remedy.text]) t.match(text, /^[A-Z`‘“\d/].*[.?]$/s, `${code}: whole sentences`);
  }
});

t.test('texts and commands know these placeholders only, and speak of findings that are there', async (t) => {
  const placeholders = ['port', 'address', 'source', 'path', 'scheme', 'http_code', 'time_connect', 'time_starttransfer', 'time_total'];
  for (const code of codes) {
    const { meaning, foundBy, remedy }: FindingInfo = findingTable[code];
    for (const text of [meaning, foundBy, remedy.text, ...remedy.linux, ...remedy.windows]) {
      for (const [, name] of text.matchAll(/\{(\w+)\}/g)) t.ok(placeholders.includes(name!), `${code}: {${name}}`);
    }
    for (const [, word] of `${meaning} ${foundBy}`.matchAll(/\(`(\w+)`\)/g)) t.ok(word! in findingTable, `${code}: ${word}`);
  }
});

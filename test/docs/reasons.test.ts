import { readFileSync } from 'node:fs';
import t from 'tap';
import { reasonsMarkdown } from '../../tools/docs/reasons.js';
import { reasons } from '#vitald/health/reasons.js';

t.test('docs/reasons.md says what the table of reasons says', async (t) => {
  t.equal(readFileSync('docs/reasons.md', 'utf8'), reasonsMarkdown(), 'run node scripts/generate-docs.mjs');
});

t.test('every reason has a section of its own', async (t) => {
  const headings = [...reasonsMarkdown().matchAll(/^### (\w+)$/gm)].map((match) => match[1]!);
  t.same(headings.toSorted(), [...reasons].toSorted());
});

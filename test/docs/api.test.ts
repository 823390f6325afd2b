import { readFileSync } from 'node:fs';
import t from 'tap';
import { apiMarkdown, metricsMarkdown } from '../../tools/docs/api.js';

t.test('docs/api.md and docs/metrics.md say what the code says', async (t) => {
  t.equal(readFileSync('docs/api.md', 'utf8'), apiMarkdown());
  t.equal(readFileSync('docs/metrics.md', 'utf8'), metricsMarkdown());
});

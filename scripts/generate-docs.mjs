/**
 * Writes the generated documents: `node scripts/generate-docs.mjs` (after a build), or with `--check` only says which
 * of them are out of date. To add one, add a line to `documents`. `generate` gets the present text, for documents of which
 * only a part is generated.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { configurationDocument, profilesDocument } from '../build/tools/docs/configuration.js';
import { troubleshootingMarkdown } from '../build/tools/docs/troubleshooting.js';
import { apiMarkdown, metricsMarkdown } from '../build/tools/docs/api.js';
import { outputsMarkdown } from '../build/tools/docs/outputs.js';
import { reasonsMarkdown } from '../build/tools/docs/reasons.js';
import { errnoMarkdown } from '../dist/probes/errno-table.js';
import { withCheckerFaults } from '../build/test/support/checker-faults.js';

/** @returns {Promise<readonly import('../dist/probes/probe.js').ProbeKind[]>} */
async function probeKinds() {
  return (await import('../dist/probes/registry.js')).probeKinds;
}

/** @returns {Promise<readonly import('../dist/config/output-kind.js').OutputDefinition[]>} */
async function outputKinds() {
  return (await import('../dist/front/outputs/registry.js')).outputKinds;
}

const documents = [
  { file: 'docs/configuration.md', generate: async () => configurationDocument(await probeKinds(), await outputKinds()) },
  { file: 'docs/profiles.md', generate: async () => profilesDocument(await probeKinds()) },
  { file: 'docs/api.md', generate: () => apiMarkdown() },
  { file: 'docs/metrics.md', generate: () => metricsMarkdown() },
  { file: 'docs/outputs/README.md', generate: () => outputsMarkdown() },
  { file: 'docs/reasons.md', generate: () => reasonsMarkdown() },
  { file: 'docs/errno.md', generate: () => errnoMarkdown() },
  { file: 'docs/troubleshooting.md', generate: () => troubleshootingMarkdown() },
  { file: 'docs/testing.md', generate: (present) => withCheckerFaults(present) },
];

const checkOnly = process.argv.includes('--check');
for (const { file, generate } of documents) {
  const path = new URL(`../${file}`, import.meta.url);
  const present = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const text = await generate(present);
  if (checkOnly) {
    if (present === text) continue;
    console.error(`${file} is out of date: run node scripts/generate-docs.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
  }
}

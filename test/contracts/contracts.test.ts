import { readdirSync } from 'node:fs';
import t from 'tap';
import { probeKinds } from '#vitald/probes/registry.js';
import { probeContract } from './probe-contract.js';
import { subjects } from './subjects.js';

for (const kind of probeKinds) {
  for (const subject of subjects[kind.name] ?? []) probeContract(t, kind, subject);
}

t.test('every kind has its contract tests', async (t) => {
  for (const { name } of probeKinds) t.ok(subjects[name], name);
});

t.test('every folder of a kind is registered, and every registered kind has its folder', async (t) => {
  const folders = readdirSync('src/probes', { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'raw');
  // https lives beside http: one implementation, with and without TLS.
  const kinds = probeKinds.map((kind) => (kind.name === 'https' ? 'http' : kind.name));
  t.same(folders.map((folder) => folder.name).sort(), [...new Set(kinds)].sort());
});

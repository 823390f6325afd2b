import t from 'tap';
import { httpKind, httpsKind } from '#vitald/probes/http/kind.js';
import type { ProbeKind } from '#vitald/probes/probe.js';
import { probeContract } from './probe-contract.js';
import { subjects } from './subjects.js';

const kinds: readonly ProbeKind[] = [httpKind, httpsKind];

for (const kind of kinds) {
  for (const subject of subjects[kind.name] ?? []) probeContract(t, kind, subject);
}

t.test('every kind has its contract tests', async (t) => {
  for (const { name } of kinds) t.ok(subjects[name], name);
});

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { configurationDocument, profilesDocument } from '../../tools/docs/configuration.js';
import type { JsonSchema } from '#vitald/config/json-schema.js';
import { buildSchema } from '#vitald/config/schema.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { load } from '../support/load.js';
import { standInKinds } from '../support/kinds.js';

const registry = 'dist/probes/registry.js';

t.test('docs/profiles.md is what the profiles say', async (t) => {
  t.equal(readFileSync('docs/profiles.md', 'utf8'), profilesDocument(probeKinds), 'run node scripts/generate-docs.mjs');
});

t.test('every generated document is up to date', { skip: !existsSync(registry) && `${registry} is not there yet` }, async (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-docs.mjs', '--check'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
});

t.test('the document of the configuration names every key of the schema', async (t) => {
  const text = configurationDocument(standInKinds, []);
  const schema = buildSchema(standInKinds);
  const parts: JsonSchema[] = [schema, schema.properties!['server']!, schema.properties!['defaults']!, ...Object.values(schema.$defs!)];
  for (const key of parts.flatMap((part) => Object.keys(part.properties ?? {})))
    t.match(text, new RegExp(`\\| \`[a-z_.[\\]]*${key}\` \\|`), key);
});

t.test('the examples of the document are valid', async (t) => {
  const examples = [...configurationDocument(standInKinds, []).matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]!);
  t.ok(examples.length >= 2);
  for (const example of examples) t.same(load(example).problems, []);
});

/** What every kind of output must have; the registry, the folders and the documents are held against each other. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { JsonSchema } from '#vitald/config/json-schema.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { outputsMarkdown } from '../../../tools/docs/outputs.js';
import { smallWorld } from '../../support/front-world.js';
import { outputsOf } from '../../support/api-with-outputs.js';

/** Names in the configuration have underscores, those of files hyphens. */
const fileName = (kind: string): string => kind.replaceAll('_', '-');
const foldersIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

t.test('every folder with a kind is in the registry, and the reverse', async (t) => {
  const folders = foldersIn('src/front/outputs').filter((folder) => existsSync(`src/front/outputs/${folder}/kind.ts`));
  t.same(folders.sort(), outputKinds.map(({ name }) => fileName(name)).sort());
  t.equal(new Set(outputKinds.map(({ name }) => name)).size, outputKinds.length);
});

t.test('no kind knows another', async (t) => {
  const folders = outputKinds.map(({ name }) => fileName(name));
  for (const folder of folders) {
    const files = (readdirSync(`src/front/outputs/${folder}`, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
    const text = files.map((file) => readFileSync(`src/front/outputs/${folder}/${file}`, 'utf8')).join('\n');
    for (const other of folders) {
      if (other !== folder) t.notMatch(text, new RegExp(`from '[./]*(outputs/)?${other}/`), `${folder} does not import ${other}`);
    }
  }
});

t.test('every kind has a page that shows its configuration, and leads to a worked example', async (t) => {
  for (const { name } of outputKinds) {
    const page = `docs/outputs/${fileName(name)}.md`;
    const text = existsSync(page) ? readFileSync(page, 'utf8') : '';
    const configurations = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1]!);
    t.ok(
      configurations.some((shown) => new RegExp(`^outputs:\\n(.*\\n)*? +${name}:`, 'm').test(shown)),
      `${page} configures ${name}`,
    );
    const [example] = /deploy\/examples\/[\w-]+/.exec(text) ?? [];
    t.ok(example !== undefined && existsSync(example), `${page} names its worked example`);
  }
});

t.test('docs/outputs/README.md lists every kind', async (t) => {
  t.equal(readFileSync('docs/outputs/README.md', 'utf8'), outputsMarkdown(), 'run node scripts/generate-docs.mjs');
});

t.test('every option is described, in words of people', async (t) => {
  for (const { name, summary, optionsSchema, required = [], secrets = [] } of outputKinds) {
    t.match(summary, /^[A-Z].*\.$/, name);
    for (const [key, schema] of options(optionsSchema)) {
      t.match(key, /^[a-z][a-z0-9_]*$/, `${name}.${key}`);
      t.match(schema.description, /^\S.*\.$/, `${name}.${key} has a description`);
    }
    for (const key of [...required, ...secrets]) t.ok(key in optionsSchema, `${name}.${key}`);
  }
});

t.test('options that sound like secrets are known to be', async (t) => {
  for (const { name, optionsSchema, secrets = [] } of outputKinds) {
    for (const key of Object.keys(optionsSchema)) {
      // The address at which people see vitald is shown to them.
      const sounds = /(^|_)(secret|token|password|key|url|credentials?)(_|$)/.test(key) && !/_file$|^external_url$/.test(key);
      t.ok(!sounds || secrets.includes(key), `${name}.${key}`);
    }
  }
});

t.test('calls of a kind that is not configured say so', async (t) => {
  const { app } = await outputsOf(t, smallWorld(), []);
  for (const { name, routes = [] } of outputKinds) {
    for (const { method = 'GET', url, schema } of routes) {
      const path = url.replace(/(?<!:):\w+/g, 'web').replaceAll('::', ':');
      const answer = await app.inject({ method, url: path, ...(schema.body !== undefined && { body: {} }) });
      t.match(answer.json(), { status: 404, code: 'output_not_configured', detail: name }, `${method} ${path}`);
    }
  }
});

/** The options, and those within them. */
function options(schemas: Readonly<Record<string, JsonSchema>>): [string, JsonSchema][] {
  return Object.entries(schemas).flatMap(([key, schema]) => [
    [key, schema],
    ...options({ ...schema.properties, ...schema.items?.properties }),
  ]);
}

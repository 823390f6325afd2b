/**
 * One bad file per message: test/config/invalid/NAME.yaml, and what is said of it in NAME.txt.
 * After a wanted change of messages: UPDATE=1 node build/test/config/files.test.js, and read the difference.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { explainAsText } from '#vitald/config/explain.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { loadFile, said } from '../support/load.js';

const update = process.env['UPDATE'] === '1';

function matches(t: Test, file: string, found: string): void {
  if (update) writeFileSync(file, found);
  t.equal(found, existsSync(file) ? readFileSync(file, 'utf8') : undefined, file);
}

for (const name of yamlFiles('test/config/invalid')) {
  t.test(`what is said of invalid/${name}.yaml`, async (t) => {
    const result = loadFile(`test/config/invalid/${name}.yaml`);
    t.equal(result.plan, undefined, 'there is no plan');
    matches(t, `test/config/invalid/${name}.txt`, said(result).join('\n') + '\n');
  });
}

for (const name of yamlFiles('test/config/valid')) {
  t.test(`what valid/${name}.yaml means`, async (t) => {
    const result = loadFile(`test/config/valid/${name}.yaml`);
    t.same(result.problems, []);
    const meaning = result.plan === undefined ? '' : explainAsText(result.plan, outputKinds);
    matches(
      t,
      `test/config/valid/${name}.txt`,
      meaning +
        said(result)
          .map((line) => `\n${line}`)
          .join(''),
    );
  });
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length));
}

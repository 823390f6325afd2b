import { readdirSync } from 'node:fs';
import t from 'tap';
import { runTool } from '../support/tools.js';
import { missingTools } from '../support/lab/requirements.js';
import { loadFile, said } from '../support/load.js';

const folder = 'deploy/examples/haproxy';
const files = (ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

t.test('the configurations of vitald in the HAProxy example are valid', async (t) => {
  t.equal(files('.yaml').length, 2);
  for (const file of files('.yaml')) t.same(said(loadFile(file)), [], file);
});

t.test('those of HAProxy are, too', { skip: missingTools(['haproxy']) ?? false }, async (t) => {
  t.equal(files('.cfg').length, 3);
  for (const file of files('.cfg'))
    t.match(runTool('haproxy', '-c', '-f', file), { status: 0, output: 'Configuration file is valid' }, file);
});

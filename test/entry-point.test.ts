/** Which program a thread begins with: a copy of the module is asked, in a folder with a bundle of its own. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import type * as EntryPoints from '#vitald/entry-point.js';

interface BuildInfo {
  /** Of the modules. */
  readonly modules?: string;
  /** That the bundle was made from. */
  readonly bundle?: string;
}

/** @returns the path of the front's program, relative to the folder of the modules */
async function entryOfFront(t: Test, { modules, bundle }: BuildInfo): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'bundle'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  copyFileSync(resolve('dist/entry-point.js'), join(folder, 'entry-point.js'));
  if (modules !== undefined) writeFileSync(join(folder, '.tsbuildinfo'), modules);
  if (bundle !== undefined) writeFileSync(join(folder, 'bundle/.tsbuildinfo'), bundle);
  const url = pathToFileURL(join(folder, 'entry-point.js'));
  const { entryPoint } = (await import(url.href)) as typeof EntryPoints;
  return entryPoint('front/worker').href.slice(new URL('./', url).href.length);
}

t.test('a bundle is used if it was made from these modules', async (t) => {
  t.equal(await entryOfFront(t, { modules: 'sources 1', bundle: 'sources 1' }), 'bundle/front-worker.mjs');
});

t.test('a bundle of older modules is not used', async (t) => {
  t.equal(await entryOfFront(t, { modules: 'sources 2', bundle: 'sources 1' }), 'front/worker.js');
});

t.test('without a complete bundle the modules are used', async (t) => {
  t.equal(await entryOfFront(t, { modules: 'sources 1' }), 'front/worker.js');
});

t.test('with VITALD_BUNDLE=off the modules are used', async (t) => {
  process.env['VITALD_BUNDLE'] = 'off';
  t.teardown(() => delete process.env['VITALD_BUNDLE']);
  t.equal(await entryOfFront(t, { modules: 'sources 1', bundle: 'sources 1' }), 'front/worker.js');
});

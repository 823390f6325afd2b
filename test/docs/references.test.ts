/** Documents that code refers to: each of them exists in the repository, with the item or section that is named. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';

const codeFile = /\.(ts|mjs|cjs|js|json|sh|ya?ml)$/;

/** Folders of other projects' files, and of what is made by a run. */
const foreign = /(^|\/)(node_modules|protos|results)\//;

/** Names that look like a document of this repository but are something else. */
const exceptions: ReadonlySet<string> = new Set([
  'build/steady/table.md', // written by scripts/steady.mjs
  'table.md', // the same, from its folder
  'design-of-old.md', // an example in this file
]);

function codeIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.map((name) => `${folder}/${name}`).filter((path) => codeFile.test(path) && !foreign.test(path));
}

const folders = ['src', 'test', 'bench', 'scripts', 'deploy', 'tools'].filter((folder) => existsSync(folder));
const sources = folders.flatMap(codeIn).map((file) => ({ file, text: readFileSync(file, 'utf8') }));

/** The names of documents in a text; web addresses are left out. */
function documentsNamed(text: string): string[] {
  const withoutAddresses = text.replace(/\b(?:https?|file):\/\/[^\s'"`)>]+/g, '');
  return [...withoutAddresses.matchAll(/[\w./-]*\w\.md\b/g)].map(([name]) => name);
}

/** A document is named from the root, from `docs/` (as its pages link to each other), or from the folder of the file. */
function exists(name: string, from: string): boolean {
  return ['.', 'docs', 'docs/outputs', dirname(from)].some((folder) => existsSync(join(folder, name)));
}

t.test('every document that code names exists', async (t) => {
  const named = sources.flatMap(({ file, text }) => documentsNamed(text).map((name) => ({ file, name })));
  t.ok(named.length > 150, 'documents are found');
  for (const { file, name } of named) if (!exceptions.has(name)) t.ok(exists(name, file), `${file} names ${name}`);
});

t.test('a document that does not exist is noticed', async (t) => {
  t.same(documentsNamed('Source: design-of-old.md item 1, see https://example.com/a/b.md.'), ['design-of-old.md']);
  t.notOk(exists('design-of-old.md', 'src/main.ts'));
  t.ok(exists('docs/semantics.md', 'src/main.ts'));
});

const semantics = readFileSync('docs/semantics.md', 'utf8');
const items = [...semantics.matchAll(/^(\d+)\. \*\*/gm)].map((match) => Number(match[1]));
const sections = [...semantics.matchAll(/^## (\d+)\. /gm)].map((match) => Number(match[1]));

interface Numbers {
  readonly kind: 'item' | 'section';
  readonly numbers: readonly number[];
}

/** What a text names of docs/semantics.md: "item 18", "items 2–4, 11–15 and section 6". */
function numbersNamed(text: string): Numbers[] {
  const oneLine = text.replace(/\n\s*(?:\*|\/\/)?\s*/g, ' ');
  const list = String.raw`\d+(?:(?:–|-| to |, | and )\d+)*`;
  const references = oneLine.matchAll(new RegExp(`semantics\\.md (?:(?:, | and )?(?:item|section)s? ${list})+`, 'g'));
  return [...references].flatMap(([reference]) =>
    [...reference.matchAll(new RegExp(`(item|section)s? (${list})`, 'g'))].map(([, kind, numbers = '']) => ({
      kind: kind as Numbers['kind'],
      numbers: (numbers.match(/\d+/g) ?? []).map(Number),
    })),
  );
}

t.test('docs/semantics.md numbers its items and sections without a gap', async (t) => {
  t.ok(items.length > 36);
  t.same(
    items,
    items.map((_, index) => index + 1),
  );
  t.same(
    sections,
    sections.map((_, index) => index + 1),
  );
});

t.test('every item and section of docs/semantics.md that code names exists', async (t) => {
  const named = sources.flatMap(({ file, text }) => numbersNamed(text).map((numbers) => ({ file, ...numbers })));
  t.ok(named.length > 50, 'references are found');
  for (const { file, kind, numbers } of named) {
    for (const number of numbers) t.ok((kind === 'item' ? items : sections).includes(number), `${file} names ${kind} ${number}`);
  }
});

t.test('references to several items and sections are read as a whole', async (t) => {
  t.same(numbersNamed('Source: docs/semantics.md items 2–4, 11 and section 6; RFC 9110 section 15'), [
    { kind: 'item', numbers: [2, 4, 11] },
    { kind: 'section', numbers: [6] },
  ]);
  t.same(numbersNamed('docs/semantics.md\n * item 99.'), [{ kind: 'item', numbers: [99] }]);
});

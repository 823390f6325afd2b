/** Words that docs/style.md does without: in the documentation, and in every text that the program can print. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import ts from 'typescript';

/** Each with what to write instead. */
const avoided: readonly (readonly [words: string, instead: string])[] = [
  ['who(?:m|so)?ever', 'name the client, the operator, the reader'],
  ['nobody|somebody|everybody|anybody', 'name the actor: no host, an operator, every client'],
  ['(?:to|for|those) who|who asks?', 'name the client or the operator'],
  ['(?:be|is|are|was|were|been) told', 'gets, is reported, is logged'],
  ['(?:tells?|telling|told|knows?) of', 'reports, logs, lists'],
  ['so (?:long|often)', 'up to this long, for too long; at most N times'],
  ['(?:is|are|was|were) to be', 'must be, or the imperative'],
  ['stands? (?:here|there)', 'is listed, is defined'],
  ['a second time', 'duplicate, again'],
  ['for ever', 'without an end, permanently'],
  ['(?:takes?|taking) leave', 'detaches, ends'],
  ['lets? go of', 'frees, releases'],
  ['in vain', 'without a result'],
  ['without a word', 'without an answer, without a message'],
  ['mend(?:s|ed|ing)?', 'fix'],
  ['hence', 'therefore'],
];

const anyAvoided = new RegExp(`\\b(?:${avoided.map(([words]) => words).join('|')})\\b`, 'i');

interface Exception {
  /** The end of the file's path. */
  readonly file: string;
  readonly phrase: string;
  readonly why: string;
}

/** None at present. */
const exceptions: readonly Exception[] = [];

interface Text {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Running text of a page: code is left out. */
function proseOf(file: string): Text[] {
  const blanked = readFileSync(file, 'utf8').replace(/^```.*?^```$/gms, (code) => code.replace(/[^\n]+/g, ''));
  return blanked.split('\n').map((line, index) => ({ file, line: index + 1, text: line.replace(/`[^`]*`/g, '``') }));
}

/** Every string of a source file that is not the name of a module; none if no avoided word is in the file at all. */
function stringsOf(file: string, code = readFileSync(file, 'utf8')): Text[] {
  // Parsing all of src takes seconds, and most files have none of the words outside of comments.
  if (!anyAvoided.test(code.replace(/^\s*(?:\/\*.*?\*\/|\/\/[^\n]*)/gms, ''))) return [];
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2022, true);
  const found: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: node.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function filesIn(folder: string, extension: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => name.endsWith(extension)).map((name) => `${folder}/${name}`);
}

function isAllowed({ file, text }: Text, phrase: string, allowed: readonly Exception[]): boolean {
  return allowed.some((exception) => file.endsWith(exception.file) && exception.phrase.includes(phrase) && text.includes(exception.phrase));
}

/** @returns what to change, one line each */
function found(texts: readonly Text[], allowed = exceptions): string[] {
  return texts.flatMap((text) =>
    avoided.flatMap(([words, instead]) =>
      [...text.text.matchAll(new RegExp(`\\b(?:${words})\\b`, 'gi'))]
        .filter(([phrase]) => !isAllowed(text, phrase, allowed))
        .map(([phrase]) => `${text.file}:${text.line}: "${phrase}"; better: ${instead}`),
    ),
  );
}

const pages = [...readdirSync('.').filter((name) => name.endsWith('.md')), ...filesIn('docs', '.md'), ...filesIn('deploy', '.md')];

t.test('the documentation does without the words that docs/style.md avoids', async (t) => {
  t.same(found(pages.flatMap(proseOf)), []);
});

t.test('messages do without them', async (t) => {
  const sources = filesIn('src', '.ts');
  t.ok(sources.length > 100);
  t.same(found(sources.flatMap((file) => stringsOf(file))), []);
});

t.test('an exception allows its phrase in its file, and is still needed', async (t) => {
  const allowed = [{ file: 'a.ts', phrase: 'is to be or not', why: 'a quotation' }];
  const texts = (file: string): Text[] => [
    { file, line: 1, text: 'is to be or not' },
    { file, line: 2, text: 'is to be' },
  ];
  t.equal(found(texts('src/a.ts'), allowed).length, 1);
  t.equal(found(texts('src/b.ts'), allowed).length, 2);
  for (const { file, phrase, why } of exceptions) {
    const paths = [...pages, ...filesIn('src', '.ts')].filter((name) => name.endsWith(file));
    t.ok(
      paths.some((path) => readFileSync(path, 'utf8').includes(phrase)),
      `${file}: ${phrase} (${why})`,
    );
  }
});

t.test('words are found in plain texts and in parts of templates, not in code and comments', async (t) => {
  const code = "/** Nobody. */ import a from 'nobody'; f('for whoever asks', `held at most ${a} so long`); const nobody = 1;";
  t.same(
    found(stringsOf('a.ts', code)).map((line) => /"(.*)"/.exec(line)?.[1]),
    ['whoever', 'so long'],
  );
});

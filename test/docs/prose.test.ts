import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { runCli } from '#vitald/cli/program.js';
import { errorTable } from '#vitald/errors.js';
import { reasons, reasonTable } from '#vitald/health/reasons.js';
import { env, load, machine } from '../support/load.js';

function markdownIn(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`);
}

const documents = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdownIn('docs')];
const textOf = (file: string): string => readFileSync(file, 'utf8');

/** Blocks of code of a language, as they stand. */
function blocks(file: string, language: string): string[] {
  return [...textOf(file).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!);
}

/** The anchors of a document’s headings, as GitHub makes them. */
function anchors(file: string): Set<string> {
  const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

t.test('links lead somewhere', async (t) => {
  for (const file of documents) {
    for (const [, target = ''] of textOf(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : join(dirname(file), path);
      t.ok(existsSync(linked), `${file}: ${target}`);
      if (anchor !== undefined) t.ok(anchors(linked).has(anchor), `${file}: ${target}`);
    }
  }
});

t.test('configurations that documents show are valid', async (t) => {
  const shown = documents.flatMap((file) => blocks(file, 'yaml').map((text) => ({ file, text })));
  t.ok(shown.length >= 4);
  for (const { file, text } of shown) t.same(load(text).problems, [], file);
});

t.test('commands that documents show are there, with their options', async (t) => {
  const commands = documents.flatMap((file) => blocks(file, 'sh')).flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  const calls = commands.flatMap((line) => [...line.matchAll(/(?:npx vitald|^vitald|main\.js) ([a-z]+)([^#|&;)]*)/g)]);
  t.ok(calls.length >= 8);
  for (const [, command = '', rest = ''] of calls) {
    let help = '';
    const io = { out: (text: string) => void (help += text), err: () => undefined, color: false };
    const deps = { io, machine, env, fileExists: existsSync, run: () => Promise.resolve(0) };
    t.equal(await runCli([command, '--help'], deps), 0, command);
    for (const option of rest.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? []) t.match(help, new RegExp(`${option}\\b`), `${command} ${option}`);
  }
});

t.test('docs/deployment.md lists the errors that end a command, with their exit codes', async (t) => {
  const told = [...textOf('docs/deployment.md').matchAll(/^\| `(\w+)` \| (\d) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
  const known = Object.entries(errorTable).flatMap(([code, info]) =>
    'exitCode' in info ? [[code, String(info.exitCode), info.title]] : [],
  );
  t.same(told, known);
});

t.test('docs/deployment.md lists every alert', async (t) => {
  const alerts = [...textOf('deploy/prometheus/vitald.rules.yaml').matchAll(/- alert: (\w+)/g)].map((match) => match[1]!);
  const told = [...textOf('docs/deployment.md').matchAll(/^\| `(Vitald\w+)` \|/gm)].map((match) => match[1]!);
  t.same(told, alerts);
});

t.test('docs/probes.md says which probe ends with which reason', async (t) => {
  const text = textOf('docs/probes.md');
  const rows = [...text.matchAll(/\| ends with \| when \|\n\|---\|---\|\n((?:\|.*\n)+)/g)].flatMap((match) => match[1]!.split('\n'));
  const told = new Set(rows.flatMap((row) => row.split('|')[1]?.match(/(?<=`)\w+(?=`)/g) ?? []));
  for (const reason of told) t.ok(reasons.includes(reason as never), `${reason} is a reason`);
  for (const reason of reasons) if (reasonTable[reason].layer !== 'checker') t.match(text, `\`${reason}\``, reason);
});

t.test('README.md counts the reasons right', async (t) => {
  t.match(textOf('README.md'), `one of [${reasons.length} words]`);
});

t.test('no code in running text is broken over lines', async (t) => {
  for (const file of documents) {
    const prose = textOf(file).replace(/^```.*?^```$/gms, '');
    for (const line of prose.split('\n')) t.ok((line.match(/`/g) ?? []).length % 2 === 0, `${file}: ${line}`);
  }
});

t.test('docs/architecture.md names every folder and every dependency', async (t) => {
  const text = textOf('docs/architecture.md');
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) t.match(text, `\`src/${name}/\``, name);
  const manifest = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>;
  const packages = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((group) => Object.keys(manifest[group] ?? {}));
  for (const name of packages) t.match(text, `\`${name}\``, name);
});

/** Pages about the code. They name files and folders from the root, or by the end of their path, if need be the mere name. */
const pagesAboutCode = ['architecture', 'decisions', 'semantics'].map((page) => `docs/${page}.md`);

t.test('pages about the code name files and folders that exist', async (t) => {
  const inTree = ['src', 'test', 'bench'].flatMap((folder) =>
    (readdirSync(folder, { recursive: true }) as string[]).map((path) => `/${folder}/${path}`),
  );
  for (const page of pagesAboutCode) {
    const paths = textOf(page).match(/(?<=`)(?!dist\/)(?:[\w.-]+\/)*[\w.-]+(?:\.(?:ts|mjs|cjs)|\/)(?=`)/g) ?? [];
    t.ok(paths.length > 10, page);
    for (const path of paths) {
      const end = `/${path}`.replace(/\/$/, '');
      t.ok(existsSync(path) || inTree.some((file) => file.endsWith(end)), `${page}: ${path}`);
    }
  }
});

t.test('no heading stands twice within a page', async (t) => {
  // The changelog has the same headings under each version.
  for (const file of documents.filter((name) => name !== 'CHANGELOG.md')) {
    const prose = textOf(file).replace(/^```.*?^```$/gms, '');
    const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);
    const repeated = headings.filter((heading, index) => headings.indexOf(heading) !== index);
    t.same(repeated, [], file);
  }
});

t.test('paragraphs are apart from each other', async (t) => {
  for (const file of documents) {
    const lines = textOf(file).split('\n');
    const glued = lines.filter((line, index) => line.startsWith('**') && /^[^\s|>#-]/.test(lines[index - 1] ?? ''));
    t.same(glued, [], file);
  }
});

t.test('decisions have headings, so that none can stand twice unnoticed', async (t) => {
  const text = textOf('docs/decisions.md');
  t.ok((text.match(/^### .+$/gm) ?? []).length > 50);
  t.notMatch(text, /^\*\*/m, 'no paragraph has a title in bold instead');
});

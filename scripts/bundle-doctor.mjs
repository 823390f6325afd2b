/**
 * Makes one file of the doctor, for backends that have Node.js 18 or newer and nothing else:
 *
 *   node scripts/bundle-doctor.mjs [FILE]     after a build; default: dist/doctor.mjs
 *
 * It needs no bundler: the doctor imports nothing but its own modules and Node’s (this script refuses anything else).
 * TypeScript turns each compiled module into CommonJS; a dozen lines of loader in front join them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const entry = join(dist, 'diagnosis', 'doctor', 'standalone.js');

/** Newer than Node.js 18, which the compiler does not know of. */
const tooNew = /\.(toSorted|toReversed|toSpliced|isWellFormed)\(|\b(Object|Map)\.groupBy\b|Promise\.withResolvers|Array\.fromAsync/;

const nameOf = (file) => relative(dist, file).replaceAll('\\', '/');

/** Every module that the entry needs, by name, as CommonJS. */
function collect(file, modules = new Map()) {
  const name = nameOf(file);
  if (modules.has(name)) return modules;
  modules.set(name, '');
  const source = readFileSync(file, 'utf8')
    .replace(/^#!.*\n/, '')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const [newer] = tooNew.exec(source) ?? [];
  if (newer !== undefined) throw new Error(`${name}: ${newer} is newer than Node.js 18`);
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  });
  const rewritten = outputText.replace(/\brequire\("([^"]+)"\)/g, (call, specifier) => {
    if (specifier.startsWith('node:')) return call;
    if (!specifier.startsWith('.')) throw new Error(`${name} imports the package ${specifier}, which a backend does not have`);
    const imported = resolve(dirname(file), specifier);
    collect(imported, modules);
    return `require("${nameOf(imported)}")`;
  });
  modules.set(name, rewritten);
  return modules;
}

const loader = `#!/usr/bin/env node
// vitald doctor: why is this backend unhealthy? Run: node doctor.mjs --port N [--address IP] [--from CIDR] [--udp] [--json]
// One file of several, made by scripts/bundle-doctor.mjs of vitald; do not edit.
import { createRequire } from 'node:module';
const nodeRequire = createRequire(import.meta.url);
const loaded = {};
function load(name) {
  if (name.startsWith('node:')) return nodeRequire(name);
  if (!(name in loaded)) modules[name]((loaded[name] = {}), load);
  return loaded[name];
}
`;

const bodies = [...collect(entry)].map(([name, body]) => `${JSON.stringify(name)}(exports, require) {\n${body.trim()}\n},`);
const out = resolve(process.argv[2] ?? join(dist, 'doctor.mjs'));
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, `${loader}const modules = {\n${bodies.join('\n')}\n};\nload(${JSON.stringify(nameOf(entry))});\n`, { mode: 0o755 });

/**
 * The other versions of Node.js that vitald supports: those of test/runtimes/package.json, npm packages that contain a
 * Node.js with its headers. They are installed below build/, with a copy of raw-socket for each.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const source = 'test/runtimes';
const folder = resolve('build/runtimes');
const stampFile = join(folder, 'installed');

/** Names of the packages, one for each version. */
const names = () => Object.keys(JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')).dependencies);

/** Number of versions; known before any is installed. */
export const runtimeCount = () => names().length;

/** @returns what it printed, where it failed; undefined where it did not */
async function failureOf(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code));
  });
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code === 0) return undefined;
  return typeof code === 'string' ? code : (err + out).trim().split('\n').slice(-8).join('\n');
}

/** Installs what is missing. @throws Error that says what to do */
async function install() {
  const lock = readFileSync(join(source, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(source, file), join(folder, file));
  // All of them bring a program of the same name: no links to it.
  const args = ['ci', '--no-bin-links', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const problem = await failureOf('npm', args, folder);
  if (problem !== undefined)
    throw new Error(
      `npm cannot install the other versions of Node.js for the unit tests (${source}/package.json). They are packages for ` +
        `Linux on x64 (this is ${process.platform} on ${process.arch}), and come from the registry that npm uses:\n${problem}`,
    );
  writeFileSync(stampFile, stamp);
}

/** Native code of this package is compiled for one version of Node.js; every other one gets a copy of its own. */
const rawSocket = { source: 'node_modules/raw-socket/src/raw.cc', binary: 'raw-socket/build/Release/raw.node' };

/** Loads the copy in place of the one that is installed, in every thread and child process. */
const loaderOf = (copy) => `const load = process.dlopen;
process.dlopen = function (module, file, ...rest) {
  return load.call(this, module, file.endsWith(${JSON.stringify(rawSocket.binary)}) ? ${JSON.stringify(copy)} : file, ...rest);
};
`;

/** @returns options for Node.js; none where raw-socket is not installed, and its tests are skipped as with the first Node.js */
async function compileRawSocket(name) {
  if (!existsSync(join('node_modules', rawSocket.binary))) return '';
  const [copy, loader] = [join(folder, `${name}.node`), join(folder, `${name}.cjs`)];
  if (!existsSync(copy)) {
    const headers = join(folder, 'node_modules', name, 'include/node');
    // As node-gyp does, with the headers of this version.
    const flags = ['-shared', '-fPIC', '-O1', '-w', '-std=gnu++20', '-DNODE_GYP_MODULE_NAME=raw', `-I${headers}`, '-Inode_modules/nan'];
    const problem = await failureOf(process.env.CXX ?? 'c++', [...flags, rawSocket.source, '-o', `${copy}.new`]);
    if (problem !== undefined) throw new Error(`raw-socket cannot be compiled for ${name}:\n${problem}`);
    copyFileSync(`${copy}.new`, copy);
  }
  writeFileSync(loader, loaderOf(copy));
  return `--require ${JSON.stringify(loader)}`;
}

/**
 * Makes the other versions of Node.js ready.
 *
 * @returns each with its program, its version and the options that it runs tests with
 * @throws Error that says what to do
 */
export async function prepareRuntimes() {
  await install();
  return Promise.all(
    names().map(async (name) => {
      const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
      return { version, program: join(folder, 'node_modules', name, 'bin/node'), options: await compileRawSocket(name) };
    }),
  );
}

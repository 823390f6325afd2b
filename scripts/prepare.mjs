/**
 * Installs and builds what is missing, and nothing else: `npm start` and `npm test` call it first.
 *
 *   node scripts/prepare.mjs                production build: dist/, with dist/doctor.mjs (`npm run build`)
 *   node scripts/prepare.mjs PROJECT…       these TypeScript projects instead of src; `.` for all
 *   node scripts/prepare.mjs --install      only installs
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const stampFile = join(root, 'node_modules', '.vitald-install');
const oldestNode = [20, 19];

/** What is installed depends on the lock file, and the compiled package on the runtime. */
function stamp() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} node ${process.versions.modules} ${process.platform} ${process.arch}\n`;
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(`vitald: ${command} could not be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** The compiler leaves what it made of a source that is gone since; a test that was deleted must not run on. */
function removeStale(outputs, sources) {
  if (!existsSync(join(root, outputs))) return;
  for (const file of readdirSync(join(root, outputs), { recursive: true, encoding: 'utf8' })) {
    const base = /^(.*)\.(js|d\.ts|js\.map)$/.exec(file)?.[1];
    if (base !== undefined && !existsSync(join(root, sources, `${base}.ts`))) rmSync(join(root, outputs, file));
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  console.error(`vitald needs Node.js ${oldestNode.join('.')} or newer; this is ${process.versions.node}`);
  process.exit(1);
}

/** `npm prune --omit=dev` leaves the stamp, but removes the compiler. */
function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp() && existsSync(compiler);
}

checkNode();
if (!isInstalled()) {
  console.error('vitald: installing packages (once)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stampFile, stamp());
}
const projects = process.argv.slice(2);
if (projects[0] === '--install') process.exit();
removeStale('dist', 'src');
removeStale('build/test', 'test');
removeStale('build/bench', 'bench');
removeStale('build/tools', 'tools');
run(process.execPath, [compiler, '-b', ...(projects.length > 0 ? projects : ['src'])]);
run(process.execPath, [join(root, 'scripts/bundle-doctor.mjs')]);
run(process.execPath, [join(root, 'scripts/bundle-programs.mjs')]);

/**
 * Bundles each program of vitald (src/entry-point.ts) with all it imports, so that a start reads a few files instead of
 * several hundred:
 *
 *   node scripts/bundle-programs.mjs     after a build; does nothing if dist/bundle is up to date
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { default as standaloneCode } from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const out = join(dist, 'bundle');
const buildInfo = join(dist, '.tsbuildinfo');
/** A copy of the build information that the bundle was made from. Without it the bundle is not used (src/entry-point.ts). */
const madeFrom = join(out, '.tsbuildinfo');
/** A checksum of all that the bundle was made from. */
const stampFile = join(out, '.stamp');

/** Native packages, which may be missing, and a package that is rarely needed. */
const external = ['koffi', 'net-ping', 'raw-socket', 'pino-pretty'];

/**
 * In front of every file. Packages in CommonJS ask for modules of Node.js with `require`, which ES modules do not have; and
 * modules go on finding files relative to where they were before.
 */
const banner = `import { createRequire as createBundleRequire } from 'node:module';
import { fileURLToPath as pathOfBundled } from 'node:url';
const require = createBundleRequire(import.meta.url);
const bundledFrom = new URL('../../', import.meta.url);`;

const originalPlaces = {
  name: 'original-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.c?js$/ }, async ({ path }) => {
      const place = (file) => `new URL(${JSON.stringify(relative(root, file).replaceAll('\\', '/'))}, bundledFrom)`;
      const source = await readFile(path, 'utf8');
      const contents = source
        .replaceAll('import.meta.url', `${place(path)}.href`)
        .replace(/\b__dirname\b/g, `pathOfBundled(${place(dirname(path))})`);
      return { contents };
    });
  },
};

/** The schema of the configuration takes ajv longer to compile than all the rest of `vitald check`. */
async function precompiled() {
  const [{ buildSchema }, { createAjv, schemaKey }, { probeKinds }, { outputKinds }] = await Promise.all(
    ['config/schema.js', 'config/schema-check.js', 'probes/registry.js', 'front/outputs/registry.js'].map(
      (file) => import(`../dist/${file}`),
    ),
  );
  const schema = buildSchema(probeKinds, outputKinds);
  const ajv = createAjv({ code: { source: true, esm: true } });
  const code = standaloneCode.default(ajv, ajv.compile(schema));
  return `${code}\nexport const precompiledValidators = new Map([[${JSON.stringify(schemaKey(schema))}, validate]]);\n`;
}

const precompiledValidators = {
  name: 'precompiled-validators',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/]config[\\/]precompiled-validators\.js$/ }, async () => ({
      contents: await precompiled(),
      resolveDir: root,
    }));
  },
};

/** @type {import('esbuild').BuildOptions} */
const options = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  external,
  banner: { js: banner },
  plugins: [precompiledValidators, originalPlaces],
  outdir: out,
  // Stack traces are for people.
  minify: false,
  legalComments: 'eof',
  logLevel: 'warning',
};

/**
 * The main thread: each command in its own files, loaded when the command is called.
 *
 * @type {import('esbuild').BuildOptions}
 */
const commands = { ...options, entryPoints: { vitald: join(dist, 'vitald.js') }, splitting: true };

/**
 * Other threads: one file each, so that restarting a thread needs one descriptor.
 *
 * @type {import('esbuild').BuildOptions}
 */
const threads = {
  ...options,
  entryPoints: { 'plan-loader.worker': join(dist, 'plan-loader.worker.js'), 'front-worker': join(dist, 'front', 'worker.js') },
};

/** The lock file stands for the packages in the bundle. */
function stamp() {
  const hash = createHash('sha256');
  for (const file of [buildInfo, join(root, 'package-lock.json'), fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
  return hash.digest('hex');
}

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp()) {
  rmSync(out, { recursive: true, force: true });
  await Promise.all([build(commands), build(threads)]);
  copyFileSync(buildInfo, madeFrom);
  writeFileSync(stampFile, stamp());
}

/**
 * The programs that threads begin with. Each of them exists twice after a build: as the module that the compiler made, and
 * bundled with everything it imports into one file (scripts/bundle-programs.mjs). Finding, reading and linking several
 * hundred modules one by one takes most of the processor time of a start.
 *
 * With VITALD_BUNDLE=off in the environment the modules are used, for debuggers and profiles.
 */
import { readFileSync } from 'node:fs';
import { env } from 'node:process';

/** Modules of src/ that a process or thread starts with, without their extension. scripts/bundle-programs.mjs has the same. */
export type EntryPoint = 'vitald' | 'plan-loader.worker' | 'front/worker';

/** Decided once: when file descriptors run short later, a thread still starts the same way. */
const bundled = env['VITALD_BUNDLE'] !== 'off' && isBundleCurrent();

/** URL of the program: of its bundle if that is up to date, else of its module. */
export function entryPoint(name: EntryPoint): URL {
  return new URL(bundled ? `./bundle/${name.replace('/', '-')}.mjs` : `./${name}.js`, import.meta.url);
}

/**
 * The compiler keeps checksums of all sources in its build information, and the bundle has a copy of what it was made
 * from. They differ after a compilation that was not followed by bundling.
 */
function isBundleCurrent(): boolean {
  try {
    const made = readFileSync(new URL('./bundle/.tsbuildinfo', import.meta.url));
    return made.equals(readFileSync(new URL('./.tsbuildinfo', import.meta.url)));
  } catch {
    return false;
  }
}

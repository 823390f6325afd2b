/** The compiled tests, by what they need. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const folder = 'build/test';

/** Tests that need root, network namespaces or other programs. */
const isOfSystem = (file) => file.startsWith('lab/') || file.startsWith('e2e/');

function testFiles(isWanted) {
  return readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.test.js') && isWanted(file))
    .sort()
    .map((file) => join(folder, file));
}

/** How many files run at a time: unit tests keep the processors busy, tests of networks and programs mostly wait. */
export const unitJobs = availableParallelism();
export const systemJobs = 3;

/** Tests that need nothing but Node.js. */
export const unitTests = () => testFiles((file) => !isOfSystem(file));
/** Tests against real networks and programs: what is missing is skipped. */
export const systemTests = () => testFiles(isOfSystem);

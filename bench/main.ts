/** `npm run bench -- NAME [options]`: every measurement that a claim of this project rests on. */
import { peers } from './peers/peers.js';
import { scale } from './scale.js';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = { scale, peers };

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (name !== undefined && bench === undefined) {
  console.error(`there is no measurement ${name}; known: ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const run of bench === undefined ? Object.values(benches) : [bench]) await run(args);
}

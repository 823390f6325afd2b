/** Seed and number of inputs of attacks that run as tests. */

/** Fixed, so that the suite does the same each time. */
export const defaultSeed = 20_261_128;

/** `FUZZ_SEED`, or the usual one. */
export function fuzzSeed(usual = defaultSeed, env: NodeJS.ProcessEnv = process.env): number {
  return numberOf(env, 'FUZZ_SEED') ?? usual;
}

/** `FUZZ_RUNS`, or the number that is usual for this test. */
export function fuzzRuns(usual: number, env: NodeJS.ProcessEnv = process.env): number {
  return numberOf(env, 'FUZZ_RUNS') ?? usual;
}

function numberOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)}; expected a whole number`);
  return Number(text);
}

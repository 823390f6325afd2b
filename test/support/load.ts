/** Reads configurations in tests, on a machine that is always the same. */
import { loadConfig, type LoadResult, type Machine } from '#vitald/config/load.js';
import type { Plan } from '#vitald/config/plan.js';
import { renderProblem } from '#vitald/config/problem.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { standInKinds } from './kinds.js';

export const machine: Machine = { hostname: 'checker-host', addresses: ['127.0.0.1', '::1', '10.0.0.9'], interfaces: ['lo', 'eth0'] };
export const env = { EMPTY: '', PORT: '8080', NAME: 'web', EVIL: 'a\nlisteners: []', WEIGHT: '010', TOKEN: 'not to be shown' };

export function load(text: string, file = 'vitald.yaml'): LoadResult {
  return loadConfig({ file, text, env, kinds: standInKinds, outputKinds, machine });
}

export function loadFile(file: string): LoadResult {
  return loadConfig({ file, env, kinds: standInKinds, outputKinds, machine });
}

/** The plan of a configuration that must be valid. */
export function planOf(text: string): Plan {
  const { plan, problems } = load(text);
  if (plan === undefined) throw new Error(problems.map(renderProblem).join('\n'));
  return plan;
}

/** What is said of a configuration, one line each, without the file's name; warnings are marked. */
export function said({ problems, warnings }: LoadResult): string[] {
  const short = (line: string): string => line.slice(line.indexOf(':') + 1);
  return [...problems.map((p) => short(renderProblem(p))), ...warnings.map((w) => `${short(renderProblem(w))} (warning)`)];
}

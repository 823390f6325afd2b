/** `vitald profiles [NAME]`: defaults and ranges of each profile. */
import { profileAsData, profileAsText } from '../config/profiles/show.js';
import type { Profile } from '../config/profiles/profile.js';
import { profileNamed, profileNames, profiles } from '../config/profiles/index.js';
import { nearest } from '../config/nearest.js';
import { probeKinds } from '../probes/registry.js';
import type { Io } from './io.js';

/**
 * @param name undefined: all profiles
 * @returns the exit code: 0, or 2 where there is no such profile
 */
export function profilesCommand(name: string | undefined, options: { readonly json: boolean }, io: Io): 0 | 2 {
  const one = name === undefined ? undefined : profileNamed(name);
  if (name !== undefined && one === undefined) {
    const near = nearest(name, profileNames);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    io.err(`there is no profile ${JSON.stringify(name)}${hint} Known: ${profileNames.join(', ')}\n`);
    return 2;
  }
  const types = probeKinds.map((kind) => kind.name);
  if (options.json) {
    const shown = (profile: Profile): object => profileAsData(profile, types);
    const data = one === undefined ? { profiles: profiles.map(shown) } : shown(one);
    io.out(JSON.stringify(data, undefined, 2) + '\n');
  } else {
    io.out((one === undefined ? profiles : [one]).map((profile) => profileAsText(profile, types)).join('\n'));
  }
  return 0;
}

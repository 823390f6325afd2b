/** Comparing roles; what each of them may do stands in config/roles.ts. */
import { roles, type Role } from '../../config/roles.js';

export type { Role } from '../../config/roles.js';

export function mayDo(own: Role, needed: Role): boolean {
  return roles.indexOf(own) >= roles.indexOf(needed);
}

/** `vitald token`: makes a bearer token, and the entry of the configuration that lets it in. */
import { allowedCallerNames, callerNamePattern } from '../config/access-schema.js';
import { roles, type Role } from '../config/roles.js';
import { hashOfToken, newToken } from '../config/token.js';
import { CodedError } from '../errors.js';
import type { Io } from './io.js';

export interface TokenOptions {
  readonly name: string;
  readonly role: string;
  readonly json: boolean;
}

/**
 * The token is the answer; how to use it is said beside it. It is kept nowhere.
 *
 * @throws CodedError usage for a role or name that the configuration would refuse
 */
export function tokenCommand({ name, role, json }: TokenOptions, io: Io): 0 {
  if (!isRole(role)) throw new CodedError('usage', `${JSON.stringify(role)} is not one of ${roles.join(', ')}`);
  if (!new RegExp(callerNamePattern).test(name)) throw new CodedError('usage', `a name has ${allowedCallerNames}`);
  const token = newToken();
  const sha256 = hashOfToken(token)!;
  if (json) {
    io.out(`${JSON.stringify({ name, role, token, sha256 })}\n`);
    return 0;
  }
  io.err('The token, shown this once; give it to its user, who sends it as `Authorization: Bearer TOKEN`:\n');
  io.out(`${token}\n`);
  io.err('Its entry in the configuration, which cannot be turned back into the token; then reload vitald (SIGHUP):\n');
  io.out(`server:\n  tokens:\n    - { name: ${name}, role: ${role}, sha256: "${sha256}" }\n`);
  return 0;
}

function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

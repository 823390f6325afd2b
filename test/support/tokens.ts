/** Tokens as `vitald token` makes them, with what the plan holds of them. */
import type { TokenPlan } from '#vitald/config/plan.js';
import type { Role } from '#vitald/config/roles.js';
import { hashOfToken, newToken } from '#vitald/config/token.js';

export interface TestToken {
  readonly token: string;
  readonly plan: TokenPlan;
  /** To be sent with requests. */
  readonly headers: { readonly authorization: string };
}

export function testToken(role: Role, name: string = role): TestToken {
  const token = newToken();
  return { token, plan: { name, role, sha256: hashOfToken(token)! }, headers: { authorization: `Bearer ${token}` } };
}

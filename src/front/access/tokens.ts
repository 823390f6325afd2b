/** Finds whose token a request carries. */
import { timingSafeEqual } from 'node:crypto';
import type { TokenPlan } from '../../config/plan.js';
import { hashOfToken } from '../../config/token.js';
import type { Caller } from './caller.js';

/** Longer headers hold no token; looking into them would cost more than it is worth. */
const longestHeader = 1024;

export class Tokens {
  readonly #byHash = new Map<string, { readonly hash: Buffer; readonly caller: Caller }>();

  constructor(plans: readonly TokenPlan[]) {
    for (const { name, role, sha256 } of plans) this.#byHash.set(sha256, { hash: Buffer.from(sha256, 'hex'), caller: { name, role } });
  }

  /**
   * How long it takes says nothing of the tokens there are: what is looked up is the hash, which nobody can steer, and
   * what was found is compared in constant time.
   *
   * @param header `Bearer TOKEN` (RFC 6750), or `Basic` with the token as password (RFC 7617): browsers can ask for that
   */
  callerOf(header: string): Caller | undefined {
    const token = tokenIn(header);
    const hash = token === undefined ? undefined : hashOfToken(token);
    if (hash === undefined) return undefined;
    const found = this.#byHash.get(hash);
    return found !== undefined && timingSafeEqual(found.hash, Buffer.from(hash, 'hex')) ? found.caller : undefined;
  }
}

function tokenIn(header: string): string | undefined {
  if (header.length > longestHeader) return undefined;
  const [, scheme = '', credentials = ''] = /^(\w+) +([^ ]+) *$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return credentials;
    case 'basic': {
      const pair = Buffer.from(credentials, 'base64').toString();
      return pair.slice(pair.indexOf(':') + 1);
    }
    default:
      return undefined;
  }
}

/** By which a receiver knows that a request is vitald's, and that it is not an old one that somebody sends again. */
import { createHmac } from 'node:crypto';

export const signatureHeader = 'X-Vitald-Signature';

/**
 * `t=SECONDS,v1=HEX`: HMAC-SHA256 (RFC 2104) over `SECONDS.BODY`.
 *
 * @param atMs wall-clock ms since the epoch
 */
export function sign(body: string, secret: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/**
 * Bearer tokens of the API: their form, and the hash that the configuration holds of them.
 *
 * One round of SHA-256 is enough, without salt: a token is 256 random bits, which nobody finds by trying, however fast the
 * hash. Slow hashes (scrypt, argon2) protect what people make up; here they would only let strangers burn our processor.
 */
import { createHash, randomBytes } from 'node:crypto';

/** Tells leaked tokens from other text: for scanners of repositories and for our own redaction. */
const prefix = 'vitald_';
const tokenBytes = 32;
/** Characters of RFC 6750, 2.1. The least length keeps out what somebody made up. */
const acceptable = /^[A-Za-z0-9._~+/-]{32,512}=*$/;

/** Tokens as {@link newToken} makes them, anywhere in a text. */
const recognizable = new RegExp(`${prefix}[A-Za-z0-9_-]{20,}`, 'g');

export function newToken(): string {
  return prefix + randomBytes(tokenBytes).toString('base64url');
}

/** @returns 64 hexadecimal digits in lower case; undefined for what cannot be a token */
export function hashOfToken(token: string): string | undefined {
  return acceptable.test(token) ? createHash('sha256').update(token).digest('hex') : undefined;
}

/** Takes tokens out of a text, wherever somebody put one: a URL, for example. */
export function withoutTokens(text: string): string {
  return text.includes(prefix) ? text.replace(recognizable, '[redacted]') : text;
}

/** Headers that tell browsers what they may do with an answer. */
import { createHash } from 'node:crypto';

/** For JSON and text: nothing may be loaded or run, should a browser ever show it as a page. */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** For Swagger UI: its own files only. It sets style attributes, which no hash can allow. */
export const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** For a page of ours: the one style sheet that is in it, and nothing else. */
export function pagePolicy(styleSheet: string): string {
  const hash = createHash('sha256').update(styleSheet).digest('base64');
  return `${apiPolicy}; style-src 'sha256-${hash}'; img-src data:`;
}

/**
 * On every answer; pages replace the policy by their own.
 *
 * No Strict-Transport-Security, with TLS neither: it holds for all ports of a host name, and would break what else is
 * served there by plain HTTP (`metrics_listen`, for one). What TLS is on, does not answer plain HTTP anyway.
 */
export const answerHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': apiPolicy,
  'cache-control': 'no-store',
} as const;

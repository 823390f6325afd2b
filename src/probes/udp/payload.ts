/**
 * The notation of `udp.send` and `udp.expect`: `text:` and what follows as UTF-8, or `hex:` and pairs of hexadecimal
 * digits.
 */

/**
 * The longest datagram that no network has to cut into fragments, in bytes: IPv6 carries 1280 everywhere (RFC 8200
 * section 5), less 40 for its header and 8 for that of UDP. Firewalls drop fragments more often than whole datagrams.
 */
export const longestPayloadBytes = 1232;

export const payloadForms = '"text:…", or "hex:…" with pairs of hexadecimal digits';

/** What a schema can say of it; the length is checked by {@link parsePayload}. */
export const payloadPattern = '^(text:[\\s\\S]*|hex:([0-9a-fA-F]{2})*)$';

/**
 * @returns the bytes, or what is wrong and what is allowed
 */
export function parsePayload(notation: string): Buffer | string {
  if (!new RegExp(payloadPattern).test(notation)) return `is not ${payloadForms}`;
  const bytes = notation.startsWith('hex:') ? Buffer.from(notation.slice(4), 'hex') : Buffer.from(notation.slice(5), 'utf8');
  if (bytes.length <= longestPayloadBytes) return bytes;
  return `is ${bytes.length} bytes long; at most ${longestPayloadBytes} are allowed, so that every network carries them in one piece`;
}

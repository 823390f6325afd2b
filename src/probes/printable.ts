/** Makes bytes of a backend fit to be shown: no control characters, no more than `limit` characters. */
export function printable(bytes: Uint8Array | string, limit = 40): string {
  const text =
    typeof bytes === 'string'
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, limit + 1)).toString('latin1');
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  // JSON's escapes are known to everybody; what is left above ASCII is escaped as well, against look-alikes.
  return JSON.stringify(cut).replace(
    /[\u007f-\u00a0\u00ad\u0100-\u2025\u2027-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

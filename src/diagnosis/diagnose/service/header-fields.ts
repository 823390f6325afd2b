/** The header fields of a response whose header has been found complete by the parser. */

const maxFields = 100;
const maxValueLength = 2048;
const controls = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/**
 * @param header all bytes of the header, interim responses included (RFC 9110 §15.2)
 * @returns names in lower case; values that came several times joined by “, ” (RFC 9110 §5.3), cut at 2048 characters
 */
export function headerFields(header: Uint8Array): Readonly<Record<string, string>> {
  const lines = Buffer.from(header).toString('latin1').split(/\r?\n/);
  // The final response is the last one that begins after an empty line.
  const begin = lines.findLastIndex((line, place) => line.startsWith('HTTP/') && (place === 0 || lines[place - 1] === ''));
  const fields = new Map<string, string>();
  let name = '';
  for (const line of lines.slice(begin + 1)) {
    if (line === '') break;
    const folded = /^[ \t]/.test(line);
    const colon = line.indexOf(':');
    if (!folded) name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (fields.size >= maxFields && !fields.has(name)) break;
    // Control characters are let through by the parser, and must not reach a terminal.
    const value = (folded ? line : line.slice(colon + 1)).replace(controls, '?').trim();
    const before = fields.get(name);
    const whole = before === undefined ? value : `${before}${folded ? ' ' : ', '}${value}`;
    fields.set(name, whole.slice(0, maxValueLength));
  }
  // fromEntries defines own properties: a header named __proto__ stays a header.
  return Object.fromEntries(fields);
}

/**
 * Keeps the secrets of a check out of what is told of it. A backend may send back what it was sent: so whole reports
 * are gone through, not only what quotes the request.
 */
import { secretsHider } from '../config/secrets.js';
import { mapTexts } from './map-texts.js';

/** The same data, with every secret of these options in its texts replaced. @param options of the check */
export function redacted<T>(data: T, options: Readonly<Record<string, unknown>>): T {
  const hide = secretsHider(options);
  return hide === undefined ? data : mapTexts(data, hide);
}

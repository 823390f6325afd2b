/** Addresses of backends by family: all of them belong to the measurement's network namespace. */
import { loopbackAddress } from '../support/addresses.js';
import type { Family } from './probe-cases.js';

/**
 * @param index from 0 to 65534
 * @param block keeps backends of different listeners apart, from 0 to 200
 */
export function backendAddress(family: Family, index: number, block = 0): string {
  if (family === 6) return `fd99:${(block + 1).toString(16)}::${(index + 1).toString(16)}`;
  return loopbackAddress(index).replace(/^127\.\d+/, `127.${block + 1}`);
}

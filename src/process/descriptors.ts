/** Which descriptors the programs get that this process starts: their own. */
import { kernelCalls } from './kernel-calls.js';

const firstBeyondStandard = 3;
const last = 0xffff_ffff;
/** Sets FD_CLOEXEC instead of closing (close_range(2), since Linux 5.11). */
const CLOSE_RANGE_CLOEXEC = 4;

/**
 * Sets FD_CLOEXEC on every descriptor but the standard ones. vitald opens none without it: this concerns what vitald itself
 * inherited from its parent, and what a package may leave open. Does nothing on an older kernel, or when koffi is missing.
 */
export function keepDescriptors(): void {
  kernelCalls()?.closeRange(firstBeyondStandard, last, CLOSE_RANGE_CLOEXEC);
}

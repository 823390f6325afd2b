/**
 * Loopback addresses of this process alone. On 127.0.0.1 every test is given ports by the system, so that a port which
 * is closed for a moment may be another test's the next; here nobody else listens, in this suite or in another one that
 * runs on the same machine at the same time.
 */
import { randomInt } from 'node:crypto';

/** Below are addresses that tests write out; chance keeps processes apart in the rest. */
const network = `127.${randomInt(100, 250)}.${randomInt(0, 256)}`;

export const ownAddress = `${network}.1`;
export const secondAddress = `${network}.2`;

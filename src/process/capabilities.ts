/**
 * Which capabilities the programs get that this process starts: none, except where one is named.
 *
 * A user without privileges gets CAP_NET_RAW as an ambient capability (systemd: AmbientCapabilities=), and execve(2) hands
 * ambient capabilities on to every program. Capabilities belong to threads, and a new process gets those of the thread that
 * starts it. So each thread clears its ambient and inheritable sets before it starts a program. What the thread itself may
 * do, its permitted and effective sets, stays as it is. Source: capabilities(7), prctl(2).
 */
import { kernelCalls, type KernelCalls } from './kernel-calls.js';

const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
/** _LINUX_CAPABILITY_VERSION_3: sets of 64 bits, as two groups of three 32-bit words. */
const version3 = 0x2008_0522;
const wordsPerGroup = 3;
const permittedAt = 1;
const inheritableAt = 2;

export const CAP_NET_RAW = 13;

/** Of this thread: every thread loads its own copy of this module. */
let isCleared = false;

/** From now on programs that this thread starts inherit no capability. Does nothing when koffi is missing. */
export function clearInheritedCapabilities(): void {
  const calls = kernelCalls();
  if (isCleared || calls === undefined) return;
  setInheritable(calls, undefined);
  isCleared = true;
}

/**
 * Starts a program that inherits one capability, if this thread has it.
 *
 * @param start starts the program before it returns
 */
export function withInheritedCapability<T>(capability: number, start: () => T): T {
  const calls = kernelCalls();
  if (calls === undefined) return start();
  setInheritable(calls, capability);
  try {
    return start();
  } finally {
    setInheritable(calls, undefined);
    isCleared = true;
  }
}

/**
 * Sets the inheritable and the ambient set to one capability, or to none. A sandbox may forbid capset(2) (`@privileged` of
 * systemd): then the inheritable set stays as systemd has made it, with what AmbientCapabilities= names. A program gains
 * nothing by it without an ambient set.
 */
export function setInheritable(calls: Pick<KernelCalls, 'prctl' | 'capget' | 'capset'>, capability: number | undefined): void {
  const header = new Uint32Array([version3, 0]);
  const sets = new Uint32Array(2 * wordsPerGroup);
  calls.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (calls.capget(header, sets) < 0) return;
  const bit = 1 << (capability ?? 0);
  const isThere = (sets[inheritableAt]! & bit) !== 0;
  const mayPass = capability !== undefined && (sets[permittedAt]! & bit) !== 0;
  sets[wordsPerGroup + inheritableAt] = 0;
  sets[inheritableAt] = mayPass ? bit : 0;
  const isSet = calls.capset(header, sets) === 0;
  if (mayPass && (isSet || isThere)) calls.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

/** Calls of libc about this process: its capabilities, its children and its end. They go through koffi, which may be missing. */
import { createRequire } from 'node:module';

/** All return -1 and set errno on failure. The calls about capabilities concern the calling thread only (capabilities(7)). */
export interface KernelCalls {
  prctl(operation: number, a: number, b: number, c: number, d: number): number;
  /** An operation that writes its answer to memory. */
  prctlInto(operation: number, answer: Buffer): number;
  /** @param header `struct __user_cap_header_struct` @param data two `struct __user_cap_data_struct` */
  capget(header: Uint32Array, data: Uint32Array): number;
  capset(header: Uint32Array, data: Uint32Array): number;
  /** @param info a `siginfo_t` */
  waitid(type: number, id: number, info: Buffer, options: number): number;
  waitpid(pid: number, status: Int32Array, options: number): number;
  /** close_range(2) by its number: not every libc has a function for it. */
  closeRange(first: number, last: number, flags: number): number;
  /** _exit: ends the process at once, without waiting for its threads. */
  exitNow(code: number): void;
  /** Size of a pointer, which decides where the members of siginfo_t lie. */
  readonly wordBytes: number;
}

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number };
  sizeof(type: string): number;
}

/** The same on every architecture. */
const SYS_close_range = 436;

let loaded: { readonly calls: KernelCalls | undefined } | undefined;

/** @returns undefined when koffi does not work on this machine */
export function kernelCalls(): KernelCalls | undefined {
  loaded ??= { calls: load() };
  return loaded.calls;
}

function load(): KernelCalls | undefined {
  try {
    const module = createRequire(import.meta.url)('koffi') as Koffi & { readonly default?: Koffi };
    const koffi = module.default ?? module;
    const libc = koffi.load(null);
    const syscall = libc.func('long syscall(long number, unsigned int first, unsigned int last, unsigned int flags)');
    return {
      prctl: libc.func('int prctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
      prctlInto: libc.func('int prctl(int operation, void *answer)'),
      capget: libc.func('int capget(uint32_t *header, _Out_ uint32_t *data)'),
      capset: libc.func('int capset(uint32_t *header, const uint32_t *data)'),
      waitid: libc.func('int waitid(int type, unsigned int id, void *info, int options)'),
      waitpid: libc.func('int waitpid(int pid, int *status, int options)'),
      closeRange: (first, last, flags) => syscall(SYS_close_range, first, last, flags),
      exitNow: libc.func('void _exit(int code)'),
      wordBytes: koffi.sizeof('void *'),
    };
  } catch {
    return undefined;
  }
}

/**
 * One lost SYN is not a failed probe (docs/semantics.md item 18). The kernel repeats a SYN by itself, but only after a second
 * (RFC 6298 section 2), and no option makes it do so earlier. Within a shorter timeout a second connection is therefore
 * attempted beside the first; the first to get through decides.
 */

/** From this timeout on the kernel's own repetition, after 1 s, leaves half a second for the answer. */
const kernelRepeatsFromMs = 1500;

/**
 * When to attempt a second connection: half-way to the deadline; undefined when the kernel does what is needed.
 *
 * @param startedAt, deadlineMs monotonic ms
 */
export function secondAttemptAt(startedAt: number, deadlineMs: number): number | undefined {
  const timeoutMs = deadlineMs - startedAt;
  return timeoutMs < kernelRepeatsFromMs ? startedAt + timeoutMs / 2 : undefined;
}

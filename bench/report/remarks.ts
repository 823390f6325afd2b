/** What people say about figures. Everything else in docs/benchmarks.md is made from results. */

export interface Remark {
  /** `always` explains a row; `missed` gives the reason for a target that is not met. */
  readonly show: 'always' | 'missed';
  readonly text: string;
}

/** By the name of the row. */
export const remarks: Readonly<Record<string, Remark>> = {
  'ratio to 2000 backends at the same rate': {
    show: 'missed',
    text: 'The run before, with wake-ups on a grid of 10 ms, gave 1.02 (14.9 ÷ 14.6 µs). On the grid of 20 ms the few backends got cheaper (13.9 µs), the many did not: their rows are not in the processor’s caches when their turn comes.',
  },
  'resident memory for each further backend': {
    show: 'missed',
    text: 'The run before, on the same day and with the same data structures, gave 1.35 KiB. What differs is how much of V8’s heaps is free but not given back at the moment of the look, some 20 MB; it was not found out what decides that.',
  },
  'ping: vitald ÷ fping': {
    show: 'missed',
    text: 'Rounds lie on both sides of the target. More than half of what an echo costs is the kernel’s own way of two packets over loopback, which both programs pay (see the row of bursts); the rest is wake-ups, which are dear on a machine that is idle otherwise. Tried: ICMP types sorted in the kernel before packets are copied, answers read at the end of a turn, wake-ups shared on a grid of 10 ms (0.59) and of 20 ms (this figure). A coarser grid would start more probes at once than is good for their round-trip times.',
  },
  'ping: vitald ÷ fping that sends in bursts': {
    show: 'always',
    text: 'With a gap of 0.01 ms between pings fping does not sleep between them: it sends all 2,000 at once, then rests. That is cheaper than to send steadily, and what a checker must not do (full send buffers are false failures).',
  },
  'ping at a low rate: vitald ÷ fping': {
    show: 'always',
    text: 'At 800 echoes a second most wake-ups of either program are for one echo.',
  },
};

/** What was done about the largest items of the profile before, by `name file` of the item. */
export const profileRemarks: Readonly<Record<string, string>> = {
  'send src/probes/raw/channel.ts':
    'A way into native code and a system call for each packet. Up to 32 probes now leave by one `sendmmsg` (`sendMessages`), and the socket is bound to the address that they leave from, so that the kernel copies fewer segments for it. What is left is the way of the packets through the kernel, over loopback with the backend’s answer and the closing RST in the same call.',
  'drain src/probes/raw/channel.ts':
    'The same for packets that arrive, and an exception when there were no more: one `recvmmsg` (`receiveMessages`) reads all. The kernel sorts ICMP types before it copies a packet.',
  '#judge src/engine/pipeline.ts':
    'A backend and its verdict are one flat object now, and what shares a probe is a list in them: fewer places in memory to visit.',
  'advance src/schedule/timer-wheel.ts':
    'Left as it is. First probes begin on a grid of 20 ms, so that the wheel is turned less often for the same probes.',
};

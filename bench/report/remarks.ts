/** What people say about figures. Everything else in docs/benchmarks.md is made from results. */

export interface Remark {
  /** `always` explains a row; `missed` gives the reason for a target that is not met. */
  readonly show: 'always' | 'missed';
  readonly text: string;
}

/** By the name of the row. */
export const remarks: Readonly<Record<string, Remark>> = {
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
export const profileRemarks: Readonly<Record<string, string>> = {};

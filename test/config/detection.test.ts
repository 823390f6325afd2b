import { readFileSync } from 'node:fs';
import t from 'tap';
import { detectionTimes, longestProbeMs, windowMs } from '#vitald/config/detection.js';
import type { Pace } from '#vitald/config/plan.js';
import { planOf } from '../support/load.js';

interface Case {
  name: string;
  pace: Pace;
  timeout_s: number;
  interval_s: number;
  threshold: number;
  response_s: number | null;
  expect_s: number;
}

const { cases } = JSON.parse(readFileSync('test/conformance/windows.json', 'utf8')) as { cases: Case[] };

for (const c of cases) {
  t.test(`the computed window: ${c.name}`, async (t) => {
    const responseMs = c.response_s === null ? undefined : c.response_s * 1000;
    const input = { pace: c.pace, intervalMs: c.interval_s * 1000, timeoutMs: c.timeout_s * 1000, threshold: c.threshold, responseMs };
    t.equal(windowMs(input), c.expect_s * 1000);
  });
}

t.test('at a fixed rate a probe that outlasts the interval holds up the next one', async (t) => {
  t.equal(windowMs({ pace: 'fixed_rate', intervalMs: 1000, timeoutMs: 3000, threshold: 3, responseMs: undefined }), 9000);
});

t.test('the times of a check come from its own thresholds', async (t) => {
  const [listener] = planOf(
    'listeners: [{ name: web, profile: huawei-elb, port: 80, check: { healthy_threshold: 2 }, backends: [10.0.0.1] }]',
  ).listeners;
  t.same(detectionTimes(listener!.check), {
    unhealthySilentMs: 19_000,
    unhealthyRefusedMs: 10_000,
    healthyMs: 5000,
    initialMs: 0,
    nextProbeMs: 5000,
  });
});

t.test('a UDP check passes by silence, unless an answer is expected or the host is pinged first', async (t) => {
  const silent = (check: string): number | undefined =>
    detectionTimes(planOf(`listeners: [{ name: dns, protocol: udp, port: 53, check: ${check}, backends: [10.0.0.1] }]`).listeners[0]!.check)
      .unhealthySilentMs;
  t.equal(silent('{}'), undefined);
  t.equal(silent('{ udp: { ping_first: true } }'), 12_000);
  t.equal(silent('{ udp: { send: "text:ping", expect: "text:pong" } }'), 12_000);
});

t.test('with udp.ping_first each step has the whole timeout', async (t) => {
  const checkOf = (check: string) =>
    planOf(`listeners: [{ name: dns, profile: huawei-elb, protocol: udp, port: 53, check: ${check}, backends: [10.0.0.1] }]`).listeners[0]!
      .check;
  const huawei = checkOf('{}');
  t.match(detectionTimes(huawei), {
    // The ping alone: 3 timeouts, and 2 intervals between them.
    unhealthySilentMs: 19_000,
    // The datagram comes back as port unreachable, at once.
    unhealthyRefusedMs: 10_000,
    // The ping is answered at once, and the silence after the datagram takes the timeout.
    healthyMs: 19_000,
    initialMs: 3000,
    nextProbeMs: 8000,
  });
  t.equal(longestProbeMs(huawei), 6000, 'an echo reply in the last moment, then silence');
  t.equal(longestProbeMs(checkOf('{ udp: { ping_first: false } }')), 3000);
  t.match(detectionTimes(checkOf('{ udp: { expect: "text:a" } }')), { unhealthySilentMs: 19_000, healthyMs: 10_000, initialMs: 0 });
});

t.test('only a UDP check pings first', async (t) => {
  const { check } = planOf('listeners: [{ name: web, profile: huawei-elb, port: 80, check: { type: tcp }, backends: [10.0.0.1] }]')
    .listeners[0]!;
  t.equal(longestProbeMs({ ...check, options: { udp: { ping_first: true } } }), 3000);
});

import { readFileSync } from 'node:fs';
import t from 'tap';
import { detectionTimes, windowMs } from '#vitald/config/detection.js';
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

/**
 * A report as the documented JSON. It is documented in docs/api.md. Its schema is in
 * src/front/api/schemas/diagnosis.ts; test/diagnosis/report-json.test.ts holds the two together.
 */
import type { Finding, Report } from './report.js';

/** `snake_case`, times in RFC 3339 UTC, durations in seconds; what is not there is null. */
export function reportAsData({ target, verdict, summary, findings, steps, leftOut }: Report): Record<string, unknown> {
  return {
    target: {
      listener: target.listener ?? null,
      backend: target.backend ?? null,
      address: target.address,
      port: target.port,
      type: target.type,
    },
    verdict,
    summary,
    findings: findings.map(findingAsData),
    steps: steps.map(({ name, result, tookMs }) => ({ name, result, took_seconds: Math.round(tookMs * 1000) / 1_000_000 })),
    left_out: leftOut.map(({ name, why }) => ({ name, why })),
  };
}

function findingAsData({ code, certainty, at, summary, evidence, remedy }: Finding): Record<string, unknown> {
  return {
    code,
    certainty,
    at,
    summary,
    evidence: evidence.map((one) => ({ sent: one.sent, got: one.got, at: new Date(Math.floor(one.at)).toISOString() })),
    remedy: { text: remedy.text, linux: remedy.linux, windows: remedy.windows, yaml: remedy.yaml ?? null },
  };
}

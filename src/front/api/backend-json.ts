/**
 * A backend as JSON text. Text rather than objects: `/v1/status` lists up to 100,000 of them, and three quarters of
 * each never change. test/front/ checks all of it against the schema.
 */
import { outcomeOf } from '../../health/reasons.js';
import type { BackendStatus, StatusReader } from '../../status/table.js';
import type { BackendView } from '../model.js';
import { rfc3339, seconds } from '../time.js';
import type { StateTransition } from '../transitions.js';

/** The part that stays the same as long as the plan does, for each backend that was ever asked for. */
const heads = new WeakMap<BackendView, string>();

/** The documented short form. */
export function backendJson(backend: BackendView, status: StatusReader): string {
  return `${openBackendJson(backend, status)}}`;
}

/** The short form with who shares its probes, its recent probes and transitions, both newest first. */
export function backendDetailJson(
  backend: BackendView,
  status: StatusReader,
  sharing: readonly BackendView[],
  transitions: readonly StateTransition[],
): string {
  const shared = sharing.map(({ listener, plan }) => ({ listener, backend: plan.id }));
  const probes = status.history(backend.slot).map(({ at, reason, rttMs }) => ({
    at: rfc3339(at),
    outcome: outcomeOf(reason),
    reason,
    rtt_seconds: seconds(rttMs),
  }));
  const changes = transitions.map(({ at, from, to, reason, detail, runLength, revision }) => ({
    at: rfc3339(at),
    from,
    to,
    reason: reason ?? null,
    detail,
    run_length: runLength ?? null,
    revision,
  }));
  const more = JSON.stringify({ shares_probes_with: shared, recent_probes: probes, transitions: changes });
  return `${openBackendJson(backend, status)},${more.slice(1)}`;
}

function openBackendJson(backend: BackendView, status: StatusReader): string {
  const row = status.read(backend.slot);
  return (
    head(backend) +
    `"state":"${row.state}","since":"${rfc3339(row.since)}","routable":${row.routable},"routable_because":"${row.because}",` +
    `"last_probe":${lastProbeJson(row)},"run":${runJson(row)},"revision":${row.revision}`
  );
}

function head(backend: BackendView): string {
  let text = heads.get(backend);
  if (text === undefined) {
    const { checker, listener, plan } = backend;
    const { id, address, port, weight } = plan;
    text = `${JSON.stringify({ checker, listener, backend: id, address, port, weight }).slice(0, -1)},`;
    heads.set(backend, text);
  }
  return text;
}

function lastProbeJson({ lastProbe }: BackendStatus): string {
  if (!lastProbe) return 'null';
  const { at, reason, detail, rttMs } = lastProbe;
  return `{"at":"${rfc3339(at)}","outcome":"${outcomeOf(reason)}","reason":"${reason}","detail":${JSON.stringify(detail)},"rtt_seconds":${seconds(rttMs)}}`;
}

function runJson({ run }: BackendStatus): string {
  return run ? `{"outcome":"${run.outcome}","length":${run.length}}` : 'null';
}

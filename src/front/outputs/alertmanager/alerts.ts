/**
 * Alerts as Alertmanager takes them: `POST /api/v2/alerts`.
 *
 * Two alerts are the same where their labels are. So nothing that changes while a backend is unhealthy may be a label:
 * the reason is an annotation.
 *
 * @see https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
import { formatEndpoint } from '../../../endpoint.js';
import type { Reason } from '../../../health/reasons.js';
import { isOutOfService } from '../../../health/routable.js';
import { rfc3339 } from '../../http/time.js';
import type { OutputBackend } from '../backends-view.js';

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

export interface AlertSettings {
  readonly checker: string;
  /** Beside those of the backend; they may replace `severity` alone. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where people reach the API of vitald; undefined: no links. */
  readonly externalUrl: string | undefined;
}

/** The labels that tell alerts apart: the configuration cannot set them. */
export const ownLabels = ['alertname', 'checker', 'listener', 'backend'];

/** True while the backend fails its checks and is not kept out of traffic on purpose (maintenance, weight 0). */
export function shouldFire({ state, because }: Pick<OutputBackend, 'state' | 'because'>): boolean {
  return state === 'unhealthy' && !isOutOfService(because);
}

/**
 * @param probe what the last probe found
 * @param times wall-clock ms: now, and when Alertmanager may forget it, should it not be told again until then
 */
export function firing(
  backend: OutputBackend,
  probe: { readonly reason: Reason; readonly detail: string } | undefined,
  { now, endsAt }: { readonly now: number; readonly endsAt: number },
  settings: AlertSettings,
): Alert {
  const { listener, backend: id, address, port, since, routable, because } = backend;
  const detail = probe === undefined || probe.detail === '' ? '' : ` (${probe.detail})`;
  return {
    labels: labelsOf(listener, id, settings),
    annotations: {
      summary: `Backend ${id} of listener ${listener} is unhealthy`,
      description: `${formatEndpoint(address, port)}: ${probe?.reason ?? 'not probed yet by this process'}${detail}. ${routing(routable, because)}`,
      ...(probe !== undefined && { reason: probe.reason, detail: probe.detail }),
      address: formatEndpoint(address, port),
    },
    // A wall clock that went back leaves a beginning in the future. Alertmanager refuses an alert that begins after its end.
    startsAt: rfc3339(Math.min(since, now)),
    endsAt: rfc3339(endsAt),
    ...linkOf(listener, id, settings),
  };
}

/** The end of an alert; that it was never fired does no harm. @param endsAt wall-clock ms */
export function resolved(listener: string, backend: string, endsAt: number, settings: AlertSettings): Alert {
  return {
    labels: labelsOf(listener, backend, settings),
    annotations: { summary: `Backend ${backend} of listener ${listener} is no longer unhealthy` },
    endsAt: rfc3339(endsAt),
    ...linkOf(listener, backend, settings),
  };
}

function labelsOf(listener: string, backend: string, { checker, labels }: AlertSettings): Alert['labels'] {
  return { severity: 'warning', ...labels, alertname: 'VitaldBackendUnhealthy', checker, listener, backend };
}

function linkOf(listener: string, backend: string, { externalUrl }: AlertSettings): Pick<Alert, 'generatorURL'> {
  if (externalUrl === undefined) return {};
  const path = `v1/listeners/${encodeURIComponent(listener)}/backends/${encodeURIComponent(backend)}`;
  return { generatorURL: `${externalUrl.replace(/\/+$/, '')}/${path}` };
}

function routing(routable: boolean, because: string): string {
  return routable ? `It is routed to all the same (${because}).` : 'It is not routed to.';
}

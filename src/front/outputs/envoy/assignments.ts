/**
 * The body of an answer: a DiscoveryResponse with a ClusterLoadAssignment for each cluster, in the JSON form of their
 * protobuf definitions, with field names as they are written there (Envoy reads both forms).
 *
 * Source: envoy.service.discovery.v3.DiscoveryResponse, envoy.config.endpoint.v3.ClusterLoadAssignment.
 */
import { TextWriter } from '../../http/text-writer.js';
import type { BackendsView } from '../backends-view.js';
import { healthStatus } from './health-status.js';

export const assignmentType = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

/** A cluster of Envoy, and the listener whose backends are its endpoints. */
export interface ServedCluster {
  readonly cluster: string;
  readonly listener: string;
}

/** Envoy refuses a locality whose weights add up to more (LbEndpoint.load_balancing_weight). */
const mostTotalWeight = 0xffff_ffff;

/** Yields the text piece by piece, at least one; made while it is read. */
export function* discoveryResponse(view: BackendsView, version: string, clusters: readonly ServedCluster[]): Generator<Buffer> {
  const text = new TextWriter();
  text.add(`{"version_info":${JSON.stringify(version)},"type_url":"${assignmentType}","resources":[`);
  let separator = '';
  for (const { cluster, listener } of clusters) {
    text.add(`${separator}{"@type":"${assignmentType}","cluster_name":${JSON.stringify(cluster)},"endpoints":[`);
    text.add('{"locality":{},"priority":0,"lb_endpoints":[');
    yield* endpoints(view, listener, text);
    text.add(']}]}');
    separator = ',';
  }
  text.add(']}');
  yield text.take();
}

function* endpoints(view: BackendsView, listener: string, text: TextWriter): Generator<Buffer> {
  const divisor = Math.max(view.totalWeight(listener) / mostTotalWeight, 1);
  let separator = '';
  for (const backend of view.backends(listener)) {
    text.add(`${separator}{"endpoint":{"address":{"socket_address":{"address":"`);
    text.add(backend.address);
    text.add('","port_value":');
    text.addNumber(backend.port);
    text.add(`}}},"health_status":"${healthStatus(backend)}"`);
    // 0 is not allowed; such a backend drains.
    if (backend.weight > 0) {
      text.add(',"load_balancing_weight":');
      text.addNumber(Math.max(Math.floor(backend.weight / divisor), 1));
    }
    text.add('}');
    separator = ',';
    if (text.full) yield text.take();
  }
}

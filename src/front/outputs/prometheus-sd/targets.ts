/**
 * The body of an answer: every backend as a group of one target, with what vitald knows of it as labels.
 *
 * Source: “Writing HTTP service discovery” of Prometheus’s documentation. Labels that begin with `__meta_` are there for
 * relabelling and then dropped: a state that changes makes no new series, unless somebody wants that.
 */
import { formatEndpoint } from '../../../endpoint.js';
import { TextWriter } from '../../http/text-writer.js';
import type { BackendsView, OutputBackend } from '../backends-view.js';

export interface TargetFilter {
  /** Undefined: all that {@link has} says yes to. */
  readonly listener: string | undefined;
  readonly has: (listener: string) => boolean;
  readonly onlyRoutable: boolean;
}

/** Labels by what they say of a backend; `docs/outputs/prometheus-sd.md` lists them. */
export const targetLabels = {
  __meta_vitald_checker: (_backend, checker) => checker,
  __meta_vitald_listener: ({ listener }) => listener,
  __meta_vitald_backend: ({ backend }) => backend,
  __meta_vitald_address: ({ address }) => address,
  __meta_vitald_port: ({ port }) => String(port),
  __meta_vitald_weight: ({ weight }) => String(weight),
  __meta_vitald_state: ({ state }) => state,
  __meta_vitald_routable: ({ routable }) => String(routable),
  __meta_vitald_routable_because: ({ because }) => because,
} as const satisfies Record<string, (backend: OutputBackend, checker: string) => string>;

const labels = Object.entries(targetLabels).map(([name, valueOf], place) => ({ opening: `${place === 0 ? '' : ','}"${name}":`, valueOf }));

/** Yields the text piece by piece, at least one; made while it is read. */
export function* targetList(view: BackendsView, { listener, has, onlyRoutable }: TargetFilter): Generator<Buffer> {
  const { checker } = view;
  const text = new TextWriter();
  text.add('[');
  let separator = '';
  for (const backend of view.backends(listener)) {
    if ((onlyRoutable && !backend.routable) || !has(backend.listener)) continue;
    text.add(`${separator}{"targets":["${formatEndpoint(backend.address, backend.port)}"],"labels":{`);
    for (const { opening, valueOf } of labels) {
      text.add(opening);
      text.add(JSON.stringify(valueOf(backend, checker)));
    }
    text.add('}}');
    separator = ',';
    if (text.full) yield text.take();
  }
  text.add(']');
  yield text.take();
}

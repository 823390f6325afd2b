/** All metrics, and their text for Prometheus. */
import type { Readable } from 'node:stream';
import { collectDefaultMetrics, Registry, type Metric as PromMetric } from 'prom-client';
import { bodyOf } from '../http/body-stream.js';
import type { Outputs } from '../outputs/outputs.js';
import type { FrontState, Moment } from '../view/state.js';
import { TextWriter } from '../http/text-writer.js';
import { backendOutOfService } from './backend-out-of-service.js';
import { backendRoutable } from './backend-routable.js';
import { backendRtt } from './backend-rtt.js';
import { backendState } from './backend-state.js';
import { backendTransitions } from './backend-transitions.js';
import { backends } from './backends.js';
import { buildInfo } from './build-info.js';
import { configReloadSuccessful } from './config-reload-successful.js';
import { configReloadTimestamp } from './config-reload-timestamp.js';
import { writeBackendMetric, type BackendMetric } from './backend-metric.js';
import type { Build, Metric, MetricInfo, Sample } from './metric.js';
import { outputBehind } from './output-behind.js';
import { outputFailures } from './output-failures.js';
import { outputLastSuccessTimestamp } from './output-last-success-timestamp.js';
import { outputUp } from './output-up.js';
import { overrides } from './overrides.js';
import { probeRtt } from './probe-rtt.js';
import { probeStartDelay } from './probe-start-delay.js';
import { probes } from './probes.js';
import { staleBackends } from './stale-backends.js';
import { stateFilesDamaged } from './state-files-damaged.js';
import { stateFolderUsable } from './state-folder-usable.js';
import { stateLastSaved } from './state-last-saved.js';
import { stateSaveFailures } from './state-save-failures.js';

const backendMetrics: readonly BackendMetric[] = [backendState, backendRoutable, backendOutOfService, backendTransitions, backendRtt];

const metrics: readonly Metric[] = [
  probes,
  probeRtt,
  probeStartDelay,
  backends,
  staleBackends,
  outputUp,
  outputLastSuccessTimestamp,
  outputFailures,
  outputBehind,
  overrides,
  configReloadSuccessful,
  configReloadTimestamp,
  stateLastSaved,
  stateSaveFailures,
  stateFilesDamaged,
  stateFolderUsable,
  buildInfo,
];

/** All of them, for the documentation. */
export const metricTable: readonly MetricInfo[] = [...backendMetrics, ...metrics];

/** prom-client's gauges that are named like counters: `promtool check metrics` complains of them. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** How often prom-client looks whether this thread is late. Its default of 10 ms wakes an idle thread 100 times a second. */
const eventLoopSampleMs = 100;

export class Metrics {
  readonly #registry = new Registry();
  readonly #state: FrontState;
  #running: Promise<string> | undefined;

  constructor(state: FrontState, build: Build, outputs: Pick<Outputs, 'states'>) {
    this.#state = state;
    for (const metric of metrics) this.#registry.registerMetric(forRegistry(metric, (metric) => metric.collect(state, build, outputs)));
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
    for (const name of misnamed) this.#registry.removeSingleMetric(name);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * All metrics as UTF-8 text; those of backends are written while it is read. Of scrapers that come together, each
   * gets the same of prom-client's.
   */
  async body(): Promise<Buffer | Readable> {
    this.#running ??= this.#registry.metrics().finally(() => (this.#running = undefined));
    return bodyOf(pieces(this.#state.now(), await this.#running));
  }
}

function* pieces(moment: Moment, others: string): Generator<Buffer> {
  const text = new TextWriter();
  text.add(others);
  for (const metric of backendMetrics) yield* writeBackendMetric(metric, moment, text);
  yield text.take();
}

/**
 * prom-client's own metrics count by themselves and cannot take counts that are ready; its registry asks nothing of a
 * metric but this.
 */
function forRegistry(metric: Metric, collect: (metric: Metric) => Sample[]): PromMetric {
  const { name, help, type } = metric;
  const registered = { name, help, type, get: () => ({ name, help, type, values: collect(metric), aggregator: 'sum' }) };
  return registered as unknown as PromMetric;
}

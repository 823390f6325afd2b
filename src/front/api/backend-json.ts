/**
 * A backend as JSON text, written from the columns of the plan and of the status table: `/v1/status` lists 100,000 of
 * them. test/front/ checks all of it against the schema.
 */
import { outcomeOf } from '../../health/reasons.js';
import { StatusRow, type StatusReader } from '../../status/reader.js';
import { describeMode, describeWeight } from '../control/describe.js';
import { jsonEscapes } from '../http/escapes.js';
import { idOf, slotOf, type BackendView, type ListenerView, type Model } from '../view/model.js';
import type { FrontState } from '../view/state.js';
import type { TextWriter } from '../http/text-writer.js';
import { addSeconds, addTime, rfc3339, seconds } from '../http/time.js';

/** Writes the documented short form of one backend after the other. */
export class BackendJsonWriter {
  readonly #text: TextWriter;
  readonly #status: StatusReader;
  readonly #checker: string;
  readonly #row = new StatusRow();
  /** What the members of a backend begin with, for the listener that came last. */
  #listener: ListenerView | undefined;
  #opening = '';

  constructor(text: TextWriter, { status, plan }: Model) {
    this.#text = text;
    this.#status = status;
    this.#checker = JSON.stringify(plan.checker);
  }

  write(listener: ListenerView, place: number): void {
    this.writeOpen(listener, place);
    this.#text.add('}');
  }

  /** All but the closing brace. */
  writeOpen(listener: ListenerView, place: number): void {
    const row = this.#row;
    this.#status.copy(listener.slots[place]!, row);
    this.#writePlan(listener, place);
    const text = this.#text;
    text.add(',"state":"');
    text.add(row.state);
    text.add('","since":"');
    addTime(text, row.since);
    text.add(row.routable ? '","routable":true,"routable_because":"' : '","routable":false,"routable_because":"');
    text.add(row.because);
    text.add(row.stale ? '","stale":true,"last_probe":' : '","stale":false,"last_probe":');
    this.#writeLastProbe();
    this.#writeRun();
    text.add(',"revision":');
    text.addNumber(row.revision);
  }

  #writePlan(listener: ListenerView, place: number): void {
    const text = this.#text;
    const { backends } = listener;
    if (listener !== this.#listener) {
      this.#listener = listener;
      this.#opening = `{"checker":${this.#checker},"listener":${JSON.stringify(listener.plan.name)},"backend":"`;
    }
    text.add(this.#opening);
    text.addEscaped(backends.text, backends.idStart(place), backends.idEnd(place), jsonEscapes);
    text.add('","address":"');
    text.addEscaped(backends.text, backends.idEnd(place), backends.addressEnd(place), jsonEscapes);
    text.add('","port":');
    text.addNumber(backends.port(place));
    text.add(',"weight":');
    text.addNumber(this.#row.weight);
  }

  #writeLastProbe(): void {
    const { probes, at, reason, detail, detailLength, rttMs } = this.#row;
    const text = this.#text;
    if (probes === 0) {
      text.add('null');
      return;
    }
    text.add('{"at":"');
    addTime(text, at);
    text.add('","outcome":"');
    text.add(outcomeOf(reason));
    text.add('","reason":"');
    text.add(reason);
    text.add('","detail":"');
    text.addEscaped(detail, 0, detailLength, jsonEscapes);
    text.add('","rtt_seconds":');
    addSeconds(text, rttMs);
    text.add('}');
  }

  #writeRun(): void {
    const { runOutcome, runLength } = this.#row;
    const text = this.#text;
    if (runLength === 0) {
      text.add(',"run":null');
      return;
    }
    text.add(runOutcome === 'pass' ? ',"run":{"outcome":"pass","length":' : ',"run":{"outcome":"fail","length":');
    text.addNumber(runLength);
    text.add('}');
  }
}

/** The short form with where it comes from, what operators said of it, who shares its probes, its recent probes and transitions, both newest first. */
export function writeBackendDetail(text: TextWriter, { model, transitions, overrides, runtime }: FrontState, backend: BackendView): void {
  const { listener, place } = backend;
  const override = overrides.of(listener.plan.name, idOf(backend));
  const definition = runtime.of(listener.plan.name).get(idOf(backend));
  const shared = model.sharingProbes(backend).map((other) => ({ listener: other.listener.plan.name, backend: idOf(other) }));
  const probes = model.status.history(slotOf(backend)).map(({ at, reason, rttMs }) => ({
    at: rfc3339(at),
    outcome: outcomeOf(reason),
    reason,
    rtt_seconds: seconds(rttMs),
  }));
  const changes = transitions.of(slotOf(backend)).map(({ at, from, to, reason, detail, runLength, revision }) => ({
    at: rfc3339(at),
    from,
    to,
    reason: reason ?? null,
    detail,
    run_length: runLength ?? null,
    revision,
  }));
  const more = JSON.stringify({
    source: listener.backends.isRuntime(place) ? 'runtime' : 'file',
    runtime: definition ? { by: definition.by, at: rfc3339(definition.at), version: definition.version } : null,
    configured_weight: listener.backends.weight(place),
    override: describeMode(override),
    weight_override: describeWeight(override),
    shares_probes_with: shared,
    recent_probes: probes,
    transitions: changes,
  });
  new BackendJsonWriter(text, model).writeOpen(listener, place);
  text.add(`,${more.slice(1)}`);
}

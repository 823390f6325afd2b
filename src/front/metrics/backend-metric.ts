/**
 * Metrics with series for each backend. They are written as text by themselves: prom-client makes several objects for
 * each series.
 */
import type { StatusReader } from '../../status/reader.js';
import { labelEscapes } from '../http/escapes.js';
import type { ListenerView } from '../view/model.js';
import type { Moment } from '../view/state.js';
import type { TextWriter } from '../http/text-writer.js';
import type { MetricInfo } from './metric.js';

export const backendLabelNames = ['listener', 'backend'] as const;

export interface BackendMetric extends MetricInfo {
  /** Calls `series` for each series of the backend in this row; `labels` are those beyond listener and backend, as text. */
  readonly collect: (status: StatusReader, slot: number, series: (labels: string, value: number) => void) => void;
}

/** Writes all series of a metric in Prometheus's text format 0.0.4, and yields the text whenever there is a piece of it. */
export function* writeBackendMetric({ name, help, type, collect }: BackendMetric, moment: Moment, text: TextWriter): Generator<Buffer> {
  text.add(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  let listener!: ListenerView;
  let place = 0;
  let opening = '';
  const series = (labels: string, value: number): void => {
    const { backends } = listener;
    text.add(opening);
    text.addEscaped(backends.text, backends.idStart(place), backends.idEnd(place), labelEscapes);
    text.add('"');
    text.add(labels);
    text.add('} ');
    text.addNumber(value);
    text.add('\n');
  };
  for (listener of moment.model.listeners) {
    opening = `${name}{listener="${escapeLabel(listener.plan.name)}",backend="`;
    for (place = 0; place < listener.slots.length; place++) {
      const slot = listener.slots[place]!;
      if (moment.hasGone(slot)) continue;
      collect(moment.model.status, slot, series);
      if (text.full) yield text.take();
    }
  }
}

function escapeLabel(value: string): string {
  return value.replace(/["\\\n]/g, (character) => labelEscapes.texts[character.charCodeAt(0)]!);
}

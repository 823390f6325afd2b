/** The options that all outputs of events have: what they tell, and in which portions. */
import { allowedDurations, durationPattern, formatDuration, parseDuration } from '../../config/duration.js';
import type { OutputCheckContext } from '../../config/output-kind.js';
import type { JsonSchema } from '../../config/json-schema.js';
import { eventKinds, type EventKind } from './output-event.js';

export interface EventOptions {
  readonly events: readonly EventKind[];
  readonly batch_interval: string;
  readonly batch_size: number;
  readonly present_at_start: boolean;
}

export function durationSchema(value: string, description: string): JsonSchema {
  return { type: 'string', pattern: durationPattern, default: value, description, 'x-allowed': allowedDurations };
}

export const eventOptionsSchema: Readonly<Record<keyof EventOptions, JsonSchema>> = {
  events: {
    type: 'array',
    items: { type: 'string', enum: eventKinds },
    minItems: 1,
    uniqueItems: true,
    default: ['state'],
    'x-allowed': `a list of ${eventKinds.join(', ')}; each once`,
    description:
      'What is sent: changes of state; of routing; of the weight in force; verdicts that become stale, or are no longer; backends that come and go.',
  },
  batch_interval: durationSchema('1s', 'Pause between batches. A change after a quiet time is sent at once, those that follow together.'),
  batch_size: { type: 'integer', minimum: 1, maximum: 500, default: 100, description: 'Events in a batch at most.' },
  present_at_start: {
    type: 'boolean',
    default: false,
    description: 'Send every backend that has a verdict at each start: for receivers that act on states instead of notifying people.',
  },
};

/** Tells of a duration out of range. What is not there, or no duration, is not looked at. */
export function checkDuration(
  key: string,
  value: unknown,
  [leastMs, mostMs]: readonly [number, number],
  context: OutputCheckContext,
): void {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined || (ms >= leastMs && ms <= mostMs)) return;
  context.problem([key], `found ${String(value)}; allowed: from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`);
}

export function checkEventOptions(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void {
  checkDuration('batch_interval', options.batch_interval, [100, 60_000], context);
}

/** The parts of {@link EventOutputOptions} that the options say. */
export function eventSettings({ events, batch_interval, batch_size, present_at_start }: EventOptions) {
  return {
    wanted: new Set(events),
    presentAtStart: present_at_start,
    batchSize: batch_size,
    batchIntervalMs: parseDuration(batch_interval)!,
  };
}

import type { Schema } from '../../http/route.js';
import { count, durationSeconds, object, text } from './common.js';

const port = (description: string): Schema => ({ type: ['integer', 'null'], minimum: 1, maximum: 65535, description });
const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
const choice = (values: readonly string[], description: string): Schema => ({ type: 'string', enum: [...values], description });

const members = {
  name: text('Its name.'),
  protocol: choice(['tcp', 'udp', 'http', 'https'], 'What the listener forwards.'),
  port: port('Port of backends that name none; null where each names its own.'),
  profile: text('The system whose rules it follows; see docs/profiles.md.'),
  counts: object(
    {
      initial: count('Without a verdict yet.'),
      healthy: count('Healthy.'),
      unhealthy: count('Unhealthy.'),
      disabled: count('Not checked.'),
    },
    { description: 'Backends by state.' },
  ),
  routable: count('Backends that may get new requests.'),
  stale: count('Backends about which no probe has said anything for long, because of troubles of the checker itself.'),
  total: count('All its backends.'),
  check_warning: textOrNull(
    'What its check cannot show, or why it cannot work, in one or more sentences; null if there is no warning. `vitald check` gives the same warnings.',
  ),
} satisfies Record<string, Schema>;

const check = object(
  {
    enabled: { type: 'boolean', description: 'False: every backend counts as routable.' },
    type: text('Kind of probe; see docs/probes.md.'),
    interval_seconds: durationSeconds('Time between probes.'),
    timeout_seconds: durationSeconds('A probe without an answer by then has failed.'),
    healthy_threshold: count('Passes in a row that make an unhealthy backend healthy.'),
    unhealthy_threshold: count('Failures in a row that make a healthy backend unhealthy.'),
    initial_passes: count('Passes in a row that make an initial backend healthy.'),
    pace: choice(['fixed_rate', 'after_completion'], 'What the interval is counted from.'),
    port: port('Check port; null: each backend’s own port.'),
    source: textOrNull('Address that probes leave from; null: the kernel chooses.'),
    interface: textOrNull('Network interface that probes leave through; null: the kernel chooses.'),
    options: {
      type: 'object',
      additionalProperties: true,
      description: 'Options of this kind of probe. Secrets in headers are not shown.',
    },
    method_used: text('How the probes are really made here: syn, connect, echo, datagram, request; none where checks are disabled.'),
    method_warning: textOrNull('What this machine does not allow, and what it means; null: nothing.'),
  },
  { description: 'The effective check, with the profile’s defaults filled in.' },
);

export const listenerSchema: Schema = { $id: 'Listener', ...object(members, { description: 'A listener with its counts.' }) };

export const listenerListSchema: Schema = {
  $id: 'ListenerList',
  ...object({ checker: text('This checker.'), listeners: { type: 'array', items: { $ref: 'Listener#' } } }),
};

export const listenerDetailSchema: Schema = {
  $id: 'ListenerDetail',
  ...object(
    {
      checker: text('This checker.'),
      ...members,
      check,
      all_unhealthy: choice(['none', 'all'], 'Which backends are routed to when all are unhealthy.'),
      initial: choice(['exclude', 'include'], 'Whether backends without a verdict are routed to.'),
      settles_at: {
        type: ['string', 'null'],
        format: 'date-time',
        description: 'After a change of its check: when the verdicts will rest on the new one. Null: they do.',
      },
    },
    { description: 'A listener with its effective check.' },
  ),
};

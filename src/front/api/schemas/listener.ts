import type { Schema } from '../../http/route.js';
import { count, durationSeconds, object, text } from './common.js';

const port = (description: string): Schema => ({ type: ['integer', 'null'], minimum: 1, maximum: 65535, description });
const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
const choice = (values: readonly string[], description: string): Schema => ({ type: 'string', enum: [...values], description });

const members = {
  name: text('Name of the listener.'),
  protocol: choice(['tcp', 'udp', 'http', 'https'], 'Protocol that the listener forwards.'),
  port: port('Port of backends without a port of their own. Null if every backend has one.'),
  profile: text('Profile of the listener; see docs/profiles.md.'),
  counts: object(
    {
      initial: count('Backends without a verdict yet.'),
      healthy: count('Healthy backends.'),
      unhealthy: count('Unhealthy backends.'),
      disabled: count('Backends that are not checked.'),
    },
    { description: 'Number of backends by state.' },
  ),
  routable: count('Number of routable backends.'),
  stale: count('Number of backends without a conclusive probe for long, because of problems of the checker itself.'),
  total: count('Number of all backends.'),
  check_warning: textOrNull(
    'What the check cannot detect, or why it cannot work, in one or more sentences. Null if there is no warning. `vitald check` prints the same warnings.',
  ),
} satisfies Record<string, Schema>;

const check = object(
  {
    enabled: { type: 'boolean', description: 'Whether backends are checked. If false, every backend counts as routable.' },
    type: text('Type of the probes; see docs/probes.md.'),
    interval_seconds: durationSeconds('Time between probes.'),
    timeout_seconds: durationSeconds('Time after which a probe without an answer fails.'),
    healthy_threshold: count('Passes in a row that make an unhealthy backend healthy.'),
    unhealthy_threshold: count('Failures in a row that make a healthy backend unhealthy.'),
    initial_passes: count('Passes in a row that make an initial backend healthy.'),
    pace: choice(['fixed_rate', 'after_completion'], 'What the interval is counted from.'),
    port: port('Port to check. Null if each backend is checked at its own port.'),
    source: textOrNull('Source address of the probes. Null if the kernel chooses.'),
    interface: textOrNull('Network interface of the probes. Null if the kernel chooses.'),
    options: {
      type: 'object',
      additionalProperties: true,
      description: 'Options of this type of probe. Secrets in headers are not shown.',
    },
    method_used: text(
      'Method of the probes on this machine: `syn`, `connect`, `echo`, `datagram` or `request`. `none` if checks are disabled.',
    ),
    method_warning: textOrNull('What this machine does not permit, and its effect. Null if everything is permitted.'),
  },
  { description: 'Effective check, including the defaults of the profile.' },
);

export const listenerSchema: Schema = {
  $id: 'Listener',
  ...object(members, { description: 'A listener with the number of its backends by state.' }),
};

export const listenerListSchema: Schema = {
  $id: 'ListenerList',
  ...object({ checker: text('Name of this checker.'), listeners: { type: 'array', items: { $ref: 'Listener#' } } }),
};

export const listenerDetailSchema: Schema = {
  $id: 'ListenerDetail',
  ...object(
    {
      checker: text('Name of this checker.'),
      ...members,
      check,
      all_unhealthy: choice(['none', 'all'], 'Which backends are routable if all are unhealthy.'),
      initial: choice(['exclude', 'include'], 'Whether backends without a verdict are routable.'),
      settles_at: {
        type: ['string', 'null'],
        format: 'date-time',
        description: 'After a change of the check: when all verdicts will be based on the new check. Null if they already are.',
      },
    },
    { description: 'A listener with its effective check.' },
  ),
};

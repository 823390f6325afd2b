import { routableBecause } from '../../../health/routable.js';
import { historyLength } from '../../../status/columns.js';
import { transitionsKept } from '../../view/transitions.js';
import type { Schema } from '../../http/route.js';
import { modeSchema, weightOverrideSchema } from './override.js';
import { count, decisiveProbe, object, outcome, reason, revision, rttSeconds, state, text, time } from './common.js';

const lastProbe = object(
  {
    at: time('When the probe ended.'),
    outcome,
    reason,
    detail: text('Human-readable: what came back, and what was expected.'),
    rtt_seconds: rttSeconds,
  },
  { type: ['object', 'null'], description: 'The latest probe. Null before the first.' },
);

const run = object(
  { outcome: { type: 'string', enum: ['pass', 'fail'] }, length: count('Number of equal outcomes in a row.') },
  { type: ['object', 'null'], description: 'Equal outcomes in a row, including the latest. Null before the first probe that counts.' },
);

const members = {
  checker: text('Name of the checker that made this verdict.'),
  listener: text('Listener that the backend belongs to.'),
  backend: text('Id of the backend: its name, or ADDRESS:PORT.'),
  address: text('IP address.'),
  port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port of the service.' },
  weight: {
    type: 'number',
    minimum: 0,
    description: 'Weight in force: the configured weight, or the weight that an operator set. 0: no traffic.',
  },
  state,
  since: time('Start of the current state.'),
  routable: { type: 'boolean', description: 'Whether the load balancer should send new requests to the backend.' },
  routable_because: { type: 'string', enum: [...routableBecause], description: 'Why the backend is routable or not.' },
  stale: {
    type: 'boolean',
    description:
      'True if there was no conclusive probe for (unhealthy_threshold + 1) x (interval + timeout), because of problems of the checker itself. The state may be out of date.',
  },
  last_probe: lastProbe,
  run,
  revision,
} satisfies Record<string, Schema>;

export const backendSchema: Schema = { $id: 'Backend', ...object(members, { description: 'Short form of a backend.' }) };

const probe = object({ at: time('When the probe ended.'), outcome, reason, rtt_seconds: rttSeconds });

const transition = object({
  at: time('When the state changed.'),
  from: state,
  to: state,
  ...decisiveProbe,
  revision,
});

export const backendDetailSchema: Schema = {
  $id: 'BackendDetail',
  ...object(
    {
      ...members,
      source: {
        type: 'string',
        enum: ['file', 'runtime'],
        description: 'Whether the backend comes from the configuration file or from the API.',
      },
      runtime: object(
        {
          by: text('Caller that defined the backend.'),
          at: time('When it was defined.'),
          version: count('Version of the definition, as in the `ETag`.'),
        },
        { type: ['object', 'null'], description: 'Definition of a runtime backend. Null for a backend of the configuration file.' },
      ),
      configured_weight: { type: 'number', minimum: 0, description: 'Weight without the weight that an operator set.' },
      override: modeSchema,
      weight_override: weightOverrideSchema,
      shares_probes_with: {
        type: 'array',
        items: object({ listener: text('Listener of the backend.'), backend: text('Id of the backend.') }),
        description: 'Backends with the same address, port and check. One probe counts for all of them.',
      },
      recent_probes: {
        type: 'array',
        maxItems: historyLength,
        items: probe,
        description: `Latest probes, newest first, at most ${historyLength}.`,
      },
      transitions: {
        type: 'array',
        maxItems: transitionsKept,
        items: transition,
        description: `Changes of state since the API started, newest first, at most ${transitionsKept}.`,
      },
    },
    { description: 'A backend with its recent probes and changes of state.' },
  ),
};

export const backendListSchema: Schema = {
  $id: 'BackendList',
  ...object({
    checker: text('Name of this checker.'),
    listener: text('Name of the listener.'),
    total: count('Number of all backends of the listener, including those that the filters exclude.'),
    backends: { type: 'array', items: { $ref: 'Backend#' }, description: 'Backends in the order of their ids.' },
    next_cursor: { type: ['string', 'null'], description: 'Send it as `cursor` to get the next page. Null on the last page.' },
  }),
};

import { routableBecause } from '../../../health/routable.js';
import { historyLength } from '../../../status/columns.js';
import { transitionsKept } from '../../view/transitions.js';
import type { Schema } from '../../http/route.js';
import { modeSchema, weightOverrideSchema } from './override.js';
import { count, object, outcome, reason, revision, rttSeconds, state, text, time } from './common.js';

const lastProbe = object(
  {
    at: time('When it ended.'),
    outcome,
    reason,
    detail: text('For people: what came back, against what was expected.'),
    rtt_seconds: rttSeconds,
  },
  { type: ['object', 'null'], description: 'The latest probe; null before the first.' },
);

const run = object(
  { outcome: { type: 'string', enum: ['pass', 'fail'] }, length: count('How many in a row.') },
  { type: ['object', 'null'], description: 'Like outcomes in a row, the latest included; null before the first that counts.' },
);

const members = {
  checker: text('The checker whose verdict this is.'),
  listener: text('The listener that it belongs to.'),
  backend: text('Its id: its name, or ADDRESS:PORT.'),
  address: text('IP address.'),
  port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port of the service.' },
  weight: { type: 'number', minimum: 0, description: 'The one in force: the configured one, or an operator’s. 0: no traffic.' },
  state,
  since: time('Since when it is in this state.'),
  routable: { type: 'boolean', description: 'Whether the load balancer should send it new requests.' },
  routable_because: { type: 'string', enum: [...routableBecause], description: 'Why it is routable or not.' },
  stale: {
    type: 'boolean',
    description:
      'No probe has said anything about it for (unhealthy_threshold + 1) x (interval + timeout), because of troubles of the checker itself: the state may be out of date.',
  },
  last_probe: lastProbe,
  run,
  revision,
} satisfies Record<string, Schema>;

export const backendSchema: Schema = { $id: 'Backend', ...object(members, { description: 'A backend in the short form.' }) };

const probe = object({ at: time('When it ended.'), outcome, reason, rtt_seconds: rttSeconds });

const transition = object({
  at: time('When the state changed.'),
  from: state,
  to: state,
  reason: {
    ...reason,
    type: ['string', 'null'],
    enum: [...(reason.enum as string[]), null],
    description: 'Of the probe that decided; null where none did.',
  },
  detail: text('Of the probe that decided.'),
  run_length: { type: ['integer', 'null'], minimum: 0, description: 'Like outcomes in a row that decided; null where no probe did.' },
  revision,
});

export const backendDetailSchema: Schema = {
  $id: 'BackendDetail',
  ...object(
    {
      ...members,
      source: { type: 'string', enum: ['file', 'runtime'], description: 'From the configuration file, or over the API.' },
      runtime: object(
        { by: text('Who defined it.'), at: time('When.'), version: count('Of the definition, as in the `ETag`.') },
        { type: ['object', 'null'], description: 'Of a backend that came over the API; null: it is of the file.' },
      ),
      configured_weight: { type: 'number', minimum: 0, description: 'The weight without what operators say.' },
      override: modeSchema,
      weight_override: weightOverrideSchema,
      shares_probes_with: {
        type: 'array',
        items: object({ listener: text('Its listener.'), backend: text('Its id.') }),
        description: 'Backends at the same address and port that are checked in the same way: one probe counts for all of them.',
      },
      recent_probes: { type: 'array', maxItems: historyLength, items: probe, description: `At most ${historyLength}, newest first.` },
      transitions: {
        type: 'array',
        maxItems: transitionsKept,
        items: transition,
        description: `Changes of state since the API started, at most ${transitionsKept}, newest first.`,
      },
    },
    { description: 'A backend with its recent probes and transitions.' },
  ),
};

export const backendListSchema: Schema = {
  $id: 'BackendList',
  ...object({
    checker: text('This checker.'),
    listener: text('The listener.'),
    total: count('All backends of the listener, those that were filtered out too.'),
    backends: { type: 'array', items: { $ref: 'Backend#' }, description: 'In the order of their ids.' },
    next_cursor: { type: ['string', 'null'], description: 'Ask for the next page with `cursor=`; null: this was the last.' },
  }),
};

import { routableBecause } from '../../../health/routable.js';
import { resetReasons } from '../../view/events/event-text.js';
import type { Schema } from '../../http/route.js';
import { decisiveProbe, epoch, object, revision, state, text, time } from './common.js';

const unlessRemoved = 'null if the backend was removed.';

export const eventSchema: Schema = {
  $id: 'Event',
  ...object(
    {
      checker: text('Name of the checker that made this verdict.'),
      listener: text('Name of the listener.'),
      backend: text('Id of the backend.'),
      address: { type: ['string', 'null'], description: `IP address; ${unlessRemoved}` },
      port: { type: ['integer', 'null'], minimum: 1, maximum: 65535, description: `Port of the service; ${unlessRemoved}` },
      weight: { type: ['number', 'null'], minimum: 0, description: `Weight in force; ${unlessRemoved}` },
      at: time('Time of the change.'),
      from: { ...state, description: 'State before the change.' },
      to: { ...state, description: 'State after the change. Equal to `from` if only routing, weight or membership changed.' },
      routable: { type: 'boolean', description: 'Whether the load balancer should send new requests to the backend.' },
      routable_because: { type: 'string', enum: [...routableBecause], description: 'Why the backend is routable or not.' },
      stale: {
        type: 'boolean',
        description: 'Whether there was no conclusive probe for long, so that the state may be out of date.',
      },
      ...decisiveProbe,
      revision,
    },
    { description: 'Data of an event of /v1/events: a change of a backend, and its status from then on.' },
  ),
};

export const resetSchema: Schema = {
  $id: 'Reset',
  ...object(
    {
      why: {
        type: 'string',
        enum: [...resetReasons],
        description:
          '`new`: the request did not name a revision to start from. `unknown`: the revision belongs to another epoch or is too old. `too_slow`: the reader fell too far behind.',
      },
      epoch,
      revision,
    },
    {
      description:
        'Data of an event `reset` of /v1/events: read /v1/status until its `epoch` is this one, then continue with the events that follow.',
    },
  ),
};

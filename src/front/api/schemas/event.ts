import { routableBecause } from '../../../health/routable.js';
import { resetReasons } from '../../view/events/event-text.js';
import type { Schema } from '../../http/route.js';
import { epoch, object, reason, revision, state, text, time } from './common.js';

const unlessRemoved = 'null where the backend is gone.';

export const eventSchema: Schema = {
  $id: 'Event',
  ...object(
    {
      checker: text('The checker whose verdict this is.'),
      listener: text('The listener.'),
      backend: text('Id of the backend.'),
      address: { type: ['string', 'null'], description: `IP address; ${unlessRemoved}` },
      port: { type: ['integer', 'null'], minimum: 1, maximum: 65535, description: `Port of the service; ${unlessRemoved}` },
      weight: { type: ['number', 'null'], minimum: 0, description: `The one in force; ${unlessRemoved}` },
      at: time('When it changed.'),
      from: { ...state, description: 'State before.' },
      to: { ...state, description: 'State now; the same where only routing, weight or membership changed.' },
      routable: { type: 'boolean', description: 'Whether the load balancer should send it new requests.' },
      routable_because: { type: 'string', enum: [...routableBecause], description: 'Why it is routable or not.' },
      stale: {
        type: 'boolean',
        description: 'Whether no probe has said anything about it for long, so that its state may be out of date.',
      },
      reason: {
        ...reason,
        type: ['string', 'null'],
        enum: [...(reason.enum as string[]), null],
        description: 'Of the probe that decided; null where none did.',
      },
      detail: text('Of the probe that decided.'),
      run_length: { type: ['integer', 'null'], minimum: 0, description: 'Like outcomes in a row that decided; null where no probe did.' },
      revision,
    },
    { description: 'The data of an event of /v1/events: a change of a backend, and how it is from then on.' },
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
          '`new`: the request did not say where to begin. `unknown`: it named a revision of another epoch, or of too long ago. `too_slow`: the reader fell behind too far.',
      },
      epoch,
      revision,
    },
    {
      description:
        'The data of an event `reset` of /v1/events: read /v1/status until its `epoch` is this one, then go on with the events that follow.',
    },
  ),
};

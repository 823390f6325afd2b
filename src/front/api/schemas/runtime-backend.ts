import { backendProperties } from '../../../config/schema.js';
import type { Schema } from '../../http/route.js';
import { count, object, text, time } from './common.js';

const { address, port, weight, name } = backendProperties;

export const runtimeBackendSchema: Schema = {
  $id: 'RuntimeBackend',
  ...object(
    {
      listener: text('The listener.'),
      backend: text('Its id: its name, or ADDRESS:PORT.'),
      address: text('IP address.'),
      port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port of the service.' },
      weight: count('The configured weight; 0: no traffic.'),
      version: count('Of this definition, as in its `ETag`.'),
      by: text('Who defined it.'),
      at: time('When.'),
      warning: {
        type: ['string', 'null'],
        description: 'What is doubtful about it, such as a link-local address without `check.interface`; null: nothing.',
      },
    },
    { description: 'A backend that came over the API, as it is defined.' },
  ),
};

/** The body for one backend. */
export const definitionSchema: Schema = {
  type: 'object',
  properties: { address: address!, port: port!, weight: weight! },
  additionalProperties: false,
};

/** An element of the body for all backends of a listener. */
export const namedDefinitionSchema: Schema = {
  type: 'object',
  properties: { name: name!, address: address!, port: port!, weight: weight! },
  required: ['address'],
  additionalProperties: false,
};

const ids = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });

export const runtimeBackendsChangedSchema: Schema = {
  $id: 'RuntimeBackendsChanged',
  ...object(
    {
      listener: text('The listener.'),
      total: count('Runtime backends that the listener has now.'),
      added: ids('Ids of those that were not there.'),
      changed: ids('Ids of those that have another address, port or weight now.'),
      removed: ids('Ids of those that are gone.'),
      warnings: {
        type: 'array',
        items: { type: 'string' },
        description: 'What is doubtful about the backends of the list, a sentence each; at most 100.',
      },
    },
    { description: 'What became of the runtime backends of a listener.' },
  ),
};

import { backendProperties } from '../../../config/schema.js';
import type { Schema } from '../../http/route.js';
import { count, object, text, time } from './common.js';

const { address, port, weight, name } = backendProperties;

export const runtimeBackendSchema: Schema = {
  $id: 'RuntimeBackend',
  ...object(
    {
      listener: text('Name of the listener.'),
      backend: text('Id of the backend: its name, or ADDRESS:PORT.'),
      address: text('IP address.'),
      port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Port of the service.' },
      weight: count('Configured weight. 0: no traffic.'),
      version: count('Version of this definition, as in its `ETag`.'),
      by: text('Caller that defined the backend.'),
      at: time('When it was defined.'),
      warning: {
        type: ['string', 'null'],
        description: 'Warning about the backend, such as a link-local address without `check.interface`. Null if there is none.',
      },
    },
    { description: 'Definition of a backend that was added over the API.' },
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
      listener: text('Name of the listener.'),
      total: count('Number of runtime backends of the listener now.'),
      added: ids('Ids of the new backends.'),
      changed: ids('Ids of the backends with another address, port or weight.'),
      removed: ids('Ids of the removed backends.'),
      warnings: {
        type: 'array',
        items: { type: 'string' },
        description: 'Warnings about the backends of the list, one sentence each, at most 100.',
      },
    },
    { description: 'Result of replacing the runtime backends of a listener.' },
  ),
};

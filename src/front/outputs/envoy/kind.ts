/** Envoy follows the verdicts by endpoint discovery (EDS) over REST: no agent, no gRPC. */
import { allowedDurations, durationPattern, parseDuration } from '../../../config/duration.js';
import { listed } from '../../../config/listed.js';
import { quotedIfHarmless } from '../../../config/quoting.js';
import { checkListeners, listenersSchema } from '../listeners-option.js';
import type { OutputKind } from '../output.js';
import { EnvoyOutput } from './output.js';
import { endpointsRoute } from './route.js';

const longestHoldMs = 10 * 60_000;

export const envoy: OutputKind = {
  name: 'envoy',
  summary: 'Envoy takes the endpoints of its clusters from `POST /v3/discovery:endpoints` (EDS over REST).',
  isOnlyOne: true,
  optionsSchema: {
    clusters: {
      type: 'object',
      description: 'Clusters of Envoy that are not named as their listeners are: the name of the listener for each.',
      maxProperties: 10_000,
      additionalProperties: { type: 'string', 'x-allowed': 'the name of a listener' },
      'x-allowed': 'a mapping of names of clusters to names of listeners',
      'x-default': 'each listener is a cluster of the same name',
    },
    listeners: listenersSchema('The listeners that Envoy serves. It must ask for each of them; of others nothing is said.'),
    hold: {
      type: 'string',
      pattern: durationPattern,
      default: '0s',
      description:
        'Hold a request until something changes, at most this long: a change arrives at once. Envoy’s `request_timeout` must be longer, ' +
        'and is 1 s by default.',
      'x-allowed': `${allowedDurations}, at most 10m; 0s to answer at once`,
    },
  },
  check: (options, context) => {
    const { clusters, hold } = options;
    const { listeners, problem } = context;
    checkListeners(options, context);
    for (const [cluster, listener] of Object.entries((clusters ?? {}) as Record<string, string | undefined>)) {
      if (listener === undefined || listeners.has(listener)) continue;
      problem(
        ['clusters', cluster],
        `there is no listener ${quotedIfHarmless(listener, 'of this name')}; the listeners are ${listed(listeners)}`,
      );
    }
    if (holdMsOf(hold) > longestHoldMs) problem(['hold'], `found ${String(hold)}; at most 10m`);
  },
  routes: [endpointsRoute],
  create: (context) => new EnvoyOutput(context, holdMsOf(context.options['hold'])),
};

function holdMsOf(hold: unknown): number {
  return parseDuration(hold as string) ?? 0;
}

/** The part of docs/api.md about what clients may hold, made from the limits themselves. */
import { defaultHolds, defaultLimits } from '#vitald/config/access-schema.js';
import { fixedHolds, limits } from '#vitald/front/http/limits.js';
import { diagnosisLimits } from '#vitald/front/diagnoses.js';
import { lineServerLimits } from '#vitald/front/outputs/haproxy-agent/line-server.js';

interface Bound {
  readonly what: string;
  readonly perConnection: string;
  readonly perCaller: string;
  readonly inAll: string;
  /** What happens beyond. */
  readonly beyond: string;
}

const mebibyte = 1024 * 1024;
const key = (name: string, value: number): string => `${value} (\`${name}\`)`;
const tooMany = '429 `limit_reached`';

/** Everything that a client can make vitald hold. A new kind of it belongs here. */
const bounds: readonly Bound[] = [
  {
    what: 'connections, for each listening address',
    perConnection: '',
    perCaller: `${key('connections_per_address', defaultLimits.connectionsPerAddress)}, by address`,
    inAll: key('connections', defaultLimits.connections),
    beyond: '503 `too_many_connections`; see [access.md](access.md#connections)',
  },
  {
    what: 'pipelined requests: they wait for an earlier request of their connection',
    perConnection: String(limits.pipelinedRequests),
    perCaller: '',
    inAll: `${limits.pipelinedRequestsInAll} for each listening address`,
    beyond: `${tooMany} instead of the first answer that has not begun; then vitald closes the connection`,
  },
  {
    what: 'held requests: `wait` of /v1/status and of diagnoses, discovery requests of Envoy',
    perConnection: '1; later ones wait',
    perCaller: key('held_requests_per_caller', defaultHolds.requestsPerCaller),
    inAll: key('held_requests', defaultHolds.requests),
    beyond: tooMany,
  },
  {
    what: 'event streams',
    perConnection: '1',
    perCaller: key('event_streams_per_caller', defaultHolds.streamsPerCaller),
    inAll: key('event_streams', defaultHolds.streams),
    beyond: `${tooMany}; above the total: 503 \`event_reader_limit\``,
  },
  {
    what: 'request bodies being received, by `Content-Length`',
    perConnection: 'the maximum of the call',
    perCaller: `${fixedHolds.requestBodyBytes.perCaller / mebibyte} MiB`,
    inAll: `${fixedHolds.requestBodyBytes.inAll / mebibyte} MiB`,
    beyond: tooMany,
  },
  {
    what: `answers of which the client has read nothing for ${limits.unreadCheckMs / 1000} s`,
    perConnection: `1, for ${limits.unreadMs / 1000} s`,
    perCaller: `${limits.stuckAnswers.perAddress}, by address`,
    inAll: `${limits.stuckAnswers.inAll} for each listening address`,
    beyond: 'vitald cuts off the oldest',
  },
  {
    what: 'long answers being compressed',
    perConnection: '1',
    perCaller: '',
    inAll: String(limits.gzippedAnswers),
    beyond: 'sent without compression',
  },
  {
    what: 'requests that wait for a probe on request',
    perConnection: '1',
    perCaller: String(fixedHolds.askedProbes.perCaller),
    inAll: String(fixedHolds.askedProbes.inAll),
    beyond: `${tooMany}; more than one a second for one backend: 429 \`probe_limit\``,
  },
  {
    what: 'diagnoses',
    perConnection: '1',
    perCaller: String(diagnosisLimits.perCaller),
    inAll: String(diagnosisLimits.inAll),
    beyond: '429 `diagnosis_limit`',
  },
  {
    what: 'connections of HAProxy to an output `haproxy_agent`',
    perConnection: `1 line of ${lineServerLimits.longestLine} bytes, within ${lineServerLimits.withinMs / 1000} s`,
    perCaller: '',
    inAll: `${lineServerLimits.mostConnections} for each output`,
    beyond: 'vitald cuts off the oldest',
  },
];

export function limitsMarkdown(): string {
  const lines = bounds.map(({ what, perConnection, perCaller, inAll, beyond }) =>
    [what, perConnection, perCaller, inAll, beyond].map((cell) => ` ${cell} `).join('|'),
  );
  return `## What clients may hold

A caller is a token, a client certificate, or an address without credentials (IPv6: a /64). Names in parentheses are keys under
\`server.limits\` of the [configuration](configuration.md#server). Limits without a key are fixed. Every 429 includes \`Retry-After\`.

A problem document with the code \`limit_reached\` has these members: \`limit\` is the name of the limit, \`scope\` is \`connection\`, \`caller\` or
\`all\`, \`most\` is the value of the limit, and \`key\` is the key that sets it, or null.

| what | per connection | per caller | in total | above the limit |
|---|---|---|---|---|
${lines.map((line) => `|${line}|`).join('\n')}

vitald answers the requests of one connection one after the other, in order.`;
}

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
    what: 'connections, for each address listened at',
    perConnection: '',
    perCaller: `${key('connections_per_address', defaultLimits.connectionsPerAddress)}, by address`,
    inAll: key('connections', defaultLimits.connections),
    beyond: '503 `too_many_connections`; see [access.md](access.md#connections)',
  },
  {
    what: 'requests that wait for an earlier one of their connection (pipelining)',
    perConnection: String(limits.pipelinedRequests),
    perCaller: '',
    inAll: `${limits.pipelinedRequestsInAll} for each address listened at`,
    beyond: `${tooMany} in place of the first answer that has not begun, then the connection is closed`,
  },
  {
    what: 'held requests: `wait` of /v1/status and of diagnoses, discovery requests of Envoy',
    perConnection: '1; later ones wait for their turn',
    perCaller: key('held_requests_per_caller', defaultHolds.requestsPerCaller),
    inAll: key('held_requests', defaultHolds.requests),
    beyond: tooMany,
  },
  {
    what: 'event streams',
    perConnection: '1',
    perCaller: key('event_streams_per_caller', defaultHolds.streamsPerCaller),
    inAll: key('event_streams', defaultHolds.streams),
    beyond: `${tooMany}; in all: 503 \`event_reader_limit\``,
  },
  {
    what: 'request bodies being received, by `Content-Length`',
    perConnection: 'the most that the call takes',
    perCaller: `${fixedHolds.requestBodyBytes.perCaller / mebibyte} MiB`,
    inAll: `${fixedHolds.requestBodyBytes.inAll / mebibyte} MiB`,
    beyond: tooMany,
  },
  {
    what: `answers of which nothing was read for ${limits.unreadCheckMs / 1000} s`,
    perConnection: `1, for ${limits.unreadMs / 1000} s`,
    perCaller: `${limits.stuckAnswers.perAddress}, by address`,
    inAll: `${limits.stuckAnswers.inAll} for each address listened at`,
    beyond: 'the oldest is cut off',
  },
  {
    what: 'long answers being compressed',
    perConnection: '1',
    perCaller: '',
    inAll: String(limits.gzippedAnswers),
    beyond: 'sent without compression',
  },
  {
    what: 'probes on request that are waited for',
    perConnection: '1',
    perCaller: String(fixedHolds.askedProbes.perCaller),
    inAll: String(fixedHolds.askedProbes.inAll),
    beyond: `${tooMany}; one backend more than once a second: 429 \`probe_limit\``,
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
    beyond: 'the oldest is cut off',
  },
];

export function limitsMarkdown(): string {
  const lines = bounds.map(({ what, perConnection, perCaller, inAll, beyond }) =>
    [what, perConnection, perCaller, inAll, beyond].map((cell) => ` ${cell} `).join('|'),
  );
  return `## What clients may hold

A caller is a token, a client certificate, or an address without credentials (IPv6: a /64). Names in parentheses are keys under
\`server.limits\` of the [configuration](configuration.md#server); what has none is fixed. Every 429 has \`Retry-After\`. In a problem with the
code \`limit_reached\`, \`limit\` names what is limited, \`scope\` is \`connection\`, \`caller\` or \`all\`, \`most\` is the limit, and \`key\` the key that
sets it, or null.

| what | of one connection | of one caller | in all | beyond |
|---|---|---|---|---|
${lines.map((line) => `|${line}|`).join('\n')}

Requests on one connection are answered one after the other, in order.`;
}

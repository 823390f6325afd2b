/**
 * `POST /v3/discovery:endpoints`: Envoy’s endpoint discovery over REST.
 *
 * Source: “xDS REST and gRPC protocol” of Envoy’s documentation. 304 means that nothing changed; with any other status
 * than 200 Envoy keeps the endpoints that it has.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { badRequest, emptyAnswer, noQuery, problemAnswer, type Route } from '../../http/route.js';
import { sendProblem } from '../../http/problem.js';
import { bodyOf } from '../../http/body-stream.js';
import type { OutputsDeps } from '../output.js';
import { assignmentType, discoveryResponse } from './assignments.js';
import { EnvoyOutput, type Resolution } from './output.js';

/** Envoy tells all its extensions in `node`, which are some hundred. */
const bodyBytes = 1024 * 1024;
const names = {
  type: 'array',
  maxItems: 10_000,
  items: { type: 'string', maxLength: 1024 },
  description: 'Names of clusters. Empty: all clusters.',
};
const version = { type: 'string', maxLength: 1024, description: 'Version that Envoy has. Empty at first.' };
const typeUrl = { type: 'string', maxLength: 1024, description: `\`${assignmentType}\`, or empty.` };

export const endpointsRoute: Route<OutputsDeps> = {
  method: 'POST',
  // Two colons: one would begin a parameter.
  url: '/v3/discovery::endpoints',
  access: 'read',
  bodyBytes,
  schema: {
    operationId: 'discoverEndpoints',
    tags: ['outputs'],
    summary: 'Endpoint discovery (EDS) for Envoy',
    description:
      'Envoy calls this; docs/outputs/envoy.md explains how to connect it. The response omits clusters that are unknown, have no ' +
      'backends, or have no verdicts yet, so that Envoy keeps what it has. With `hold` in the configuration, vitald holds a request with ' +
      'the current version until there is a new one.',
    querystring: noQuery,
    body: {
      type: 'object',
      description: 'A DiscoveryRequest, in the JSON form of protocol buffers.',
      additionalProperties: true,
      properties: {
        version_info: version,
        versionInfo: version,
        resource_names: names,
        resourceNames: names,
        type_url: typeUrl,
        typeUrl,
        node: { type: 'object', additionalProperties: true, description: 'The node that sends the request.' },
      },
    },
    response: {
      200: {
        description: 'A DiscoveryResponse with a ClusterLoadAssignment for each cluster.',
        content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
      },
      304: emptyAnswer('Nothing has changed.'),
      ...badRequest,
      404: problemAnswer('The configuration has no output `envoy`.'),
      503: problemAnswer('There are no verdicts yet.'),
    },
  },
  examples: ['/v3/discovery:endpoints'],
  handler: (deps) => async (request, reply) => {
    const output = deps.outputs.ofType('envoy');
    if (!(output instanceof EnvoyOutput)) {
      return sendProblem(reply, 'output_not_configured', 'The configuration has no output `envoy`; see docs/outputs/envoy.md.');
    }
    const asked = askedOf(request.body);
    if (asked.typeUrl !== '' && asked.typeUrl !== assignmentType) {
      return sendProblem(reply, 'bad_request', `Here are resources of one type only: ${assignmentType}.`);
    }
    output.askedBy(asked.node);
    return answer(output, asked, deps, { request, reply });
  },
};

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

interface DiscoveryRequest {
  readonly version: string;
  readonly names: readonly string[];
  readonly typeUrl: string;
  readonly node: string;
}

/** Protocol buffers allow names of fields in two forms. @param body fits the schema */
function askedOf(body: unknown): DiscoveryRequest {
  const asked = body as Record<string, string | undefined>;
  const { id } = (asked['node'] ?? {}) as { id?: unknown };
  return {
    version: asked['version_info'] ?? asked['versionInfo'] ?? '',
    names: (asked['resource_names'] ?? asked['resourceNames'] ?? []) as readonly string[],
    typeUrl: asked['type_url'] ?? asked['typeUrl'] ?? '',
    node: typeof id === 'string' && id !== '' ? id : 'a nameless node',
  };
}

async function answer(
  output: EnvoyOutput,
  { names, version }: DiscoveryRequest,
  deps: OutputsDeps,
  exchange: Exchange,
): Promise<FastifyReply> {
  const { reply } = exchange;
  let found = output.resolve(names);
  output.askedFor(names);
  if (output.version(found.served) === version && !isUnsettled(found)) {
    if ((await held(output, { names, version }, deps, exchange)) === 'gone') return reply.hijack();
    found = output.resolve(names);
  }
  if (found.problem !== undefined) output.asked.failed(found.problem);
  else output.asked.succeeded();
  if (isUnsettled(found)) return sendProblem(reply, 'unavailable', found.problem!);
  const present = output.version(found.served);
  if (present === version) return reply.code(304).send();
  const body = bodyOf(discoveryResponse(output.view, present, found.served));
  return reply.type('application/json').send(body);
}

/** Nothing can be said, and soon can be. */
function isUnsettled({ served, unsettled }: Resolution): boolean {
  return served.length === 0 && unsettled;
}

/** Holds a request until there is another answer to it, or it was held long enough. @throws LimitReached */
async function held(
  output: EnvoyOutput,
  { names, version }: Pick<DiscoveryRequest, 'names' | 'version'>,
  { state: { waiters, changes }, holds }: OutputsDeps,
  { request, reply }: Exchange,
): Promise<'gone' | 'over'> {
  if (output.holdMs <= 0) return 'over';
  const release = holds.take('held_requests', request, reply);
  const { raw } = reply;
  const until = performance.now() + output.holdMs;
  let onGone: (() => void) | undefined;
  const gone = (): void => onGone?.();
  raw.once('close', gone);
  output.held++;
  try {
    for (let left = output.holdMs; left > 0; left = until - performance.now()) {
      const why = await waiters.hold(changes.revision, left, (release) => (onGone = release));
      if (why === 'gone') return why;
      if (why !== 'changed' || output.version(output.resolve(names).served) !== version) break;
    }
    return 'over';
  } finally {
    output.held--;
    release();
    raw.off('close', gone);
  }
}

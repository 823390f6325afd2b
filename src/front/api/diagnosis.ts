/** `POST` and `GET /v1/listeners/{listener}/backends/{backend}/diagnosis`: why is it unhealthy? */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerKey } from '../access/caller-key.js';
import { diagnosisLimits, type BackendSubject, type Diagnoses } from '../diagnoses.js';
import { idOf, type BackendView, type Model } from '../view/model.js';
import { durationMs, durationPattern, rfc3339, seconds } from '../http/time.js';
import { backendNotFound, backendParams } from './backends.js';
import { listenerNotFound } from './listeners.js';
import { sendProblem } from '../http/problem.js';
import { badRequest, jsonAnswer, problemAnswer, type Parameters } from '../http/route.js';
import type { ApiDeps, ApiRoute } from './deps.js';

/** The longest that a request is held; longer waits are cut to it. */
const longestWaitMs = 30_000;

const querystring: Parameters = {
  type: 'object',
  properties: {
    wait: {
      type: 'string',
      pattern: durationPattern,
      examples: ['20s'],
      description: `Wait up to this long for the end of the running diagnosis (maximum ${longestWaitMs / 1000}s).`,
    },
  },
  additionalProperties: false,
};

const notFound = problemAnswer('No such listener or backend.');
const url = '/v1/listeners/:listener/backends/:backend/diagnosis';

export const startDiagnosisRoute: ApiRoute = {
  method: 'POST',
  url,
  schema: {
    operationId: 'startDiagnosis',
    tags: ['backends'],
    summary: 'Diagnose why a backend is unhealthy',
    description:
      'Starts a diagnosis of the backend, or joins the running one. It takes at most 15 s, sends a few dozen packets to the ' +
      'backend, is read-only, and runs in parallel with the probes. Each caller can run at most two diagnoses at a time.',
    params: backendParams,
    querystring,
    response: {
      200: jsonAnswer('The diagnosis ended within `wait`. `result` contains its findings.', 'Diagnosis'),
      202: jsonAnswer('The diagnosis is running. `Location` is the URL of its result.', 'Diagnosis'),
      ...badRequest,
      403: problemAnswer('The role of the caller does not permit this, or the request came from a page of another site.'),
      404: notFound,
      429: problemAnswer(
        'Too many diagnoses are running, or too many requests are held. `Retry-After` is the longest time until one of them ends.',
      ),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/diagnosis?wait=20s'],
  handler: (deps) => async (request, reply) => {
    const found = backendOf(deps, request, reply);
    if (found === undefined) return reply;
    const started = deps.diagnoses.start(subjectOf(found), callerKey(request));
    if (started === 'full') return sendFull(deps.diagnoses.freeWithinMs(callerKey(request)), reply);
    if (!(await waited(deps, request, reply, found))) return reply.hijack();
    const answer = diagnosisObject(deps, found);
    const { listener, backend } = request.params as PathParameters;
    const location = `/v1/listeners/${encodeURIComponent(listener)}/backends/${encodeURIComponent(backend)}/diagnosis`;
    return answer.running === true ? reply.code(202).header('location', location).send(answer) : answer;
  },
};

export const diagnosisRoute: ApiRoute = {
  url,
  schema: {
    operationId: 'getDiagnosis',
    tags: ['backends'],
    summary: 'Get the last diagnosis of a backend',
    description:
      'Returns the result, and whether a diagnosis is running. vitald keeps the diagnoses of the last 100 backends until it stops.',
    params: backendParams,
    querystring,
    response: {
      200: jsonAnswer('The diagnosis.', 'Diagnosis'),
      ...badRequest,
      404: problemAnswer('No such listener or backend, or no diagnosis of this backend.'),
    },
  },
  examples: ['/v1/listeners/web/backends/app-2/diagnosis'],
  handler: (deps) => async (request, reply) => {
    const found = backendOf(deps, request, reply);
    if (found === undefined) return reply;
    const { listener, backend } = request.params as PathParameters;
    if (deps.diagnoses.of(listener, backend) === undefined) {
      const detail = `Backend ${JSON.stringify(backend)} of listener ${JSON.stringify(listener)} was not diagnosed; POST to this path to do so.`;
      return sendProblem(reply, 'diagnosis_not_found', detail);
    }
    return (await waited(deps, request, reply, found)) ? diagnosisObject(deps, found) : reply.hijack();
  },
};

interface PathParameters {
  readonly listener: string;
  readonly backend: string;
}

/** Undefined: the answer was sent. */
function backendOf({ state: { model } }: ApiDeps, request: FastifyRequest, reply: FastifyReply): BackendView | undefined {
  const { listener, backend } = request.params as PathParameters;
  const found = model.backend(listener, backend);
  if (found !== undefined) return found;
  if (model.listener(listener) === undefined) listenerNotFound(reply, model, listener);
  else backendNotFound(reply, listener, backend);
  return undefined;
}

function subjectOf(view: BackendView): BackendSubject {
  const { listener, place } = view;
  const { address, family, port, checkPort } = listener.backends.plan(place);
  return { listener: listener.plan.name, backend: idOf(view), address, family, port, checkPort, check: listener.plan.check };
}

function sendFull(freeWithinMs: number, reply: FastifyReply): FastifyReply {
  const retryAfter = Math.max(1, Math.ceil(freeWithinMs / 1000));
  const { perCaller, inAll } = diagnosisLimits;
  const detail = `At most ${perCaller} diagnoses of one caller run at a time, and ${inAll} in all; try again in ${retryAfter} s at the latest.`;
  return sendProblem(reply.header('retry-after', String(retryAfter)), 'diagnosis_limit', detail);
}

/** Waits as asked. @returns false where the client has gone meanwhile @throws LimitReached */
async function waited({ diagnoses, holds }: ApiDeps, request: FastifyRequest, reply: FastifyReply, view: BackendView): Promise<boolean> {
  const { wait } = request.query as { wait?: string };
  const [listener, backend] = [view.listener.plan.name, idOf(view)];
  if (wait === undefined || diagnoses.of(listener, backend)?.running === undefined) return true;
  const release = holds.take('held_requests', request, reply);
  const waitMs = Math.min(durationMs(wait), longestWaitMs);
  const why = await diagnoses.wait(listener, backend, waitMs, (gone) => reply.raw.once('close', gone)).finally(release);
  return why !== 'gone';
}

function diagnosisObject(
  { state, diagnoses }: { state: { model: Model }; diagnoses: Diagnoses },
  view: BackendView,
): Record<string, unknown> {
  const listener = view.listener.plan.name;
  const backend = idOf(view);
  const { running, last } = diagnoses.of(listener, backend) ?? {};
  return {
    checker: state.model.plan.checker,
    listener,
    backend,
    running: running !== undefined,
    started_at: running === undefined ? null : rfc3339(running.startedAt.wallMs),
    finished_at: last === undefined ? null : rfc3339(last.finishedAt),
    took_seconds: last === undefined ? null : seconds(last.tookMs),
    failure: last?.failure ?? null,
    result: last?.report ?? null,
  };
}

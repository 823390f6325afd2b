/** The API on real sockets, as the front opens them. */
import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls, type RequestOptions as TlsRequestOptions } from 'node:https';
import type { AccessPlan } from '#vitald/config/plan.js';
import { Entrances } from '#vitald/front/listen/listen.js';
import { appOf, smallWorld } from './front-world.js';
import { openAccess } from './plans.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** @returns what is open, its log, and a way to change the plan; closed with the test */
export async function openEntrances(t: { teardown(fn: () => unknown): void }, access: Partial<AccessPlan>, host = '127.0.0.1') {
  const world = smallWorld();
  world.access = access;
  const { app, state, holds, access: following, lines } = await appOf(world);
  const told: string[] = [];
  const server = { host, port: 0, stateDir: undefined, allowedNetworks: [], access: { ...openAccess, ...access } };
  const entrances = await Entrances.open({
    app,
    server,
    limits: () => following.plan.limits,
    hasCredentials: (request) => following.hasCredentials(request),
    tell: (level, sentence) => told.push(`${level}: ${sentence}`),
  }).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  let closed: Promise<unknown> | undefined;
  const close = (withinMs = 1000): Promise<unknown> => {
    state.waiters.close();
    return (closed ??= Promise.all([app.close(), entrances.close(withinMs)]));
  };
  t.teardown(() => close(0));
  const metricsUrl = (): string => /http:\S+/.exec(told.find((line) => line.includes('metrics and health'))!)![0];
  /** Resolves when the files of TLS are read again, too. */
  const reload = async (changed: Partial<AccessPlan>): Promise<void> => {
    world.access = changed;
    state.applyPlan(world.planMessage());
    following.endRevoked();
    await entrances.rereadTls(changed.tls);
    following.endRevoked();
  };
  return { world, app, state, holds, entrances, url: entrances.url, metricsUrl, told, lines, close, reload };
}

/** Asks once. @throws Error where the connection ends without an answer */
export function ask(url: string, path: string, options: RequestOptions & TlsRequestOptions = {}): Promise<Answer> {
  const { protocol, hostname, port } = new URL(url);
  const request = protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const asked = request({ hostname: hostname.replace(/^\[|\]$/g, ''), port, path, agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
